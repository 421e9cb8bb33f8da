import Testing

@testable import DredgeAWS
