import CCurl

/// CURLOPT_WRITEFUNCTION(3). Called inside of curl_multi_perform: it stores, and everything else happens after curl has
/// returned.
func storeBody(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    return Unmanaged<EasySlot>.fromOpaque(context)._withUnsafeGuaranteedRef {
        $0.store(body: UnsafeRawBufferPointer(start: data, count: size * count))
    }
}

/// CURLOPT_HEADERFUNCTION(3): called with one whole line at a time.
func storeHeadLine(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    return Unmanaged<EasySlot>.fromOpaque(context)._withUnsafeGuaranteedRef {
        $0.store(headLine: UnsafeRawBufferPointer(start: data, count: size * count))
    }
}

extension EasySlot {
    /// Answers how many bytes it took; a number that is not `body.count` ends the transfer.
    fileprivate func store(body: UnsafeRawBufferPointer) -> Int {
        guard let buffer = transfer?.body else { return 0 }
        guard 200..<300 ~= answer.status else { return store(errorBody: body) }
        if buffer.append(body) { return body.count }
        answer.refusal = .bodyTooLarge(capacity: buffer.capacity)
        return 0
    }

    private func store(errorBody: UnsafeRawBufferPointer) -> Int {
        let room = limits.errorBodyByteCountMax - answer.errorBody.count
        answer.errorBody.append(contentsOf: errorBody.prefix(room))
        if errorBody.count <= room { return errorBody.count }
        answer.refusal = .errorBodyCut
        return 0
    }

    fileprivate func store(headLine line: UnsafeRawBufferPointer) -> Int {
        if let status = Self.status(ofLine: line) {
            // Each answer begins with a status line; those before the last are interim (1xx).
            answer.head.removeAll(keepingCapacity: true)
            answer.head.reserveCapacity(TransferLimits.headByteCountUsual)
            answer.status = status
        }
        guard line.count <= limits.headByteCountMax - answer.head.count else {
            answer.refusal = .headTooLarge
            return 0
        }
        answer.head.append(contentsOf: line)
        answer.headByteCount += line.count
        return line.count
    }

    /// The status code of "HTTP/1.1 206 Partial Content"; nil for any other line.
    private static func status(ofLine line: UnsafeRawBufferPointer) -> Int? {
        guard line.count >= 12, line.starts(with: "HTTP/1.".utf8) else { return nil }
        var status = 0
        for byte in line[9..<12] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            status = status * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return status
    }
}
