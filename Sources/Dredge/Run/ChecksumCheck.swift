import DredgeBase
import DredgeS3

/// Holds the bytes of one document, as its workers see them, against the checksum that the service keeps of the object.
///
/// `@unchecked Sendable`: all but `verdict` is only touched by the worker that the queue gave the document to.
final class ChecksumCheck: @unchecked Sendable {
    private let expected: ObjectChecksum
    private let actual: Checksum
    private let verdict = Monitor<Bool?>(nil)
    /// Whether the bytes are not those that were written.
    private(set) var isRefuted = false

    init(_ expected: ObjectChecksum) {
        self.expected = expected
        actual = Checksum(expected.algorithm)
    }

    /// The next bytes of the object, of which the last are the last of a document.
    func add(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        actual.update(bytes)
        if isLast { isRefuted = actual.finish() != expected.value }
    }

    /// The worker has done all that it does with the document.
    func tell() { verdict.update { [isRefuted] in $0 = !isRefuted } }

    /// Waits for that; whether the bytes are right.
    func wait() async throws(CancellationError) -> Bool { try await verdict.wait { $0 } }
}
