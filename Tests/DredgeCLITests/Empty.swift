import Testing

@testable import DredgeCLI
