import Testing

@testable import Dredge
