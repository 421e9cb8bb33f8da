import Testing

@testable import DredgeStore
