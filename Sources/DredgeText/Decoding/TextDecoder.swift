/// Turns the bytes of one object into the text of one document.
///
/// It takes the object's bytes part by part, in their order, and gives text as soon as it has some; what it can't turn
/// into text yet it keeps. One thread at a time uses it. A format is a class of its own in this folder, chosen by
/// `DocumentHead.content`.
public protocol TextDecoder: AnyObject {
    /// Whether the text is the object's bytes as they are, so that a read can begin anew at any place of the text.
    var passesBytesOn: Bool { get }

    /// Takes the next bytes of the object, of which `isEnd` says that they are the last, and calls `emit` for each
    /// stretch of text, in order; its second argument says whether that is the document's last. Throws what `emit`
    /// throws.
    ///
    /// `emit` may write into the memory before the text (`TextWindow.headroom`). Both windows are valid during their
    /// call only.
    func decode<Failure: Error>(
        _ part: TextWindow, isEnd: Bool, emit: (TextWindow, _ isEnd: Bool) throws(Failure) -> Void
    ) throws(Failure)
}

/// Text that is its own encoding: UTF-8, or whatever else the bytes are. Passes every part on where it lies, without a
/// copy.
public final class PlainText: TextDecoder {
    /// A decoder for one document.
    public init() {}

    /// True.
    public var passesBytesOn: Bool { true }

    /// Calls `emit` once, with `part`.
    public func decode<Failure: Error>(
        _ part: TextWindow, isEnd: Bool, emit: (TextWindow, _ isEnd: Bool) throws(Failure) -> Void
    ) throws(Failure) {
        try emit(part, isEnd)
    }
}
