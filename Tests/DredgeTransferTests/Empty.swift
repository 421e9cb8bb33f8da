import Testing

@testable import DredgeTransfer
