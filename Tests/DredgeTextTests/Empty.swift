import Testing

@testable import DredgeText
