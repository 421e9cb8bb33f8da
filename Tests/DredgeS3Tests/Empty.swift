import Testing

@testable import DredgeS3
