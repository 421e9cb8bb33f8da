import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

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

/// CURLOPT_READFUNCTION(3): gives curl the next bytes of the request's body, none at its end.
func takeBody(
    _ room: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    return Unmanaged<EasySlot>.fromOpaque(context)._withUnsafeGuaranteedRef {
        $0.takeBody(into: UnsafeMutableRawBufferPointer(start: room, count: size * count))
    }
}

/// CURLOPT_SEEKFUNCTION(3): curl goes back to send the body again, over another connection.
func seekBody(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
    guard let context else { return CURL_SEEKFUNC_FAIL }
    return Unmanaged<EasySlot>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.seekBody(offset, origin) }
}

extension EasySlot {
    fileprivate func takeBody(into room: UnsafeMutableRawBufferPointer) -> Int {
        guard let body = transfer?.request.body else { return 0 }
        return body.withUnsafeBytes { body in
            let part = UnsafeRawBufferPointer(rebasing: body.dropFirst(takenByteCount).prefix(room.count))
            room.copyMemory(from: part)
            takenByteCount += part.count
            return part.count
        }
    }

    fileprivate func seekBody(_ offset: curl_off_t, _ origin: Int32) -> Int32 {
        guard origin == SEEK_SET, let count = transfer?.request.body?.count, (0...count).contains(Int(offset)) else {
            return CURL_SEEKFUNC_FAIL
        }
        takenByteCount = Int(offset)
        return CURL_SEEKFUNC_OK
    }

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
