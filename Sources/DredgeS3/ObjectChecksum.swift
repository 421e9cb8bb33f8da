package import DredgeBase
import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A checksum of all bytes of an object, which S3 keeps beside it.
package struct ObjectChecksum: Sendable, Hashable {
    /// Which one.
    package let algorithm: ChecksumAlgorithm
    /// Its bytes, the highest of a CRC first.
    package let value: [UInt8]

    /// A checksum made by hand.
    package init(_ algorithm: ChecksumAlgorithm, value: [UInt8]) {
        self.algorithm = algorithm
        self.value = value
    }

    /// What an answer to `x-amz-checksum-mode: ENABLED` tells; nil: nothing that can be held against the bytes. A
    /// COMPOSITE one is made of the checksums of the parts that were uploaded, and nobody knows where these ended; its
    /// value ends with their number, as in `…-3`, which is no base64. A service that does not tell the type is believed
    /// where the value can be one
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
    init?(_ response: HTTPResponse) {
        if let type = response["x-amz-checksum-type"], type != "FULL_OBJECT" { return nil }
        for algorithm in ChecksumAlgorithm.allCases {
            guard let text = response[algorithm.header], let value = Data(base64Encoded: text),
                value.count == algorithm.byteCount
            else { continue }
            self.init(algorithm, value: Array(value))
            return
        }
        return nil
    }
}

extension ChecksumAlgorithm {
    /// The header that tells its value.
    fileprivate var header: String {
        switch self {
        case .crc64nvme: "x-amz-checksum-crc64nvme"
        case .crc32c: "x-amz-checksum-crc32c"
        case .crc32: "x-amz-checksum-crc32"
        case .sha256: "x-amz-checksum-sha256"
        case .sha1: "x-amz-checksum-sha1"
        }
    }
}
