import CCurl
import Synchronization

/// One of curl's easy handles, used for one transfer after the other, and the little that its callbacks store. All on
/// the loop's thread.
final class EasySlot {
    let easy: UnsafeMutableRawPointer
    let limits: TransferLimits
    private(set) var transfer: Transfer?
    /// What the callbacks of `EasySlot+Callbacks.swift` have stored of the answer.
    var answer = Answer()
    var progress = Progress()
    /// Bytes of the request's body that curl has taken.
    var takenByteCount = 0
    /// The transfer's connection, as far as curl has told; nil: none that is watched now.
    var socket: curl_socket_t?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var method = HTTPRequest.Method.get
    private var proxy = ""
    /// Easy handles of the process: tests see by it that none is leaked.
    static let liveCount = Atomic(0)
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    struct Answer {
        var status = 0
        var head: [UInt8] = []
        /// Bytes of all heads, interim ones included.
        var headByteCount = 0
        var errorBody: [UInt8] = []
        /// Why a callback ended the transfer.
        var refusal: Refusal?
    }

    enum Refusal {
        case bodyTooLarge(capacity: Int)
        case headTooLarge
        /// No address of the host is one that may be connected to.
        case privateAddress
        /// The answer is complete for our purposes: the rest of a long error body is not wanted.
        case errorBodyCut
    }

    /// Nil when curl has no memory, or an option that safety depends on is not known to it.
    init?(limits: TransferLimits) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.limits = limits
        errorText.pointee = 0
        Self.liveCount.add(1, ordering: .relaxed)
        guard setLastingOptions() else { return nil }
    }

    deinit {
        Self.liveCount.subtract(1, ordering: .relaxed)
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// Options that hold for every transfer of this handle; see the page of each, CURLOPT_NAME(3).
    private func setLastingOptions() -> Bool {
        let context = Unmanaged.passUnretained(self).toOpaque()
        var isSet = true
        func expect(_ result: CURLcode) { isSet = isSet && result == CURLE_OK }

        expect(ccurl_set_store(easy, CURLOPT_WRITEFUNCTION, storeBody))
        expect(ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context))
        expect(ccurl_set_store(easy, CURLOPT_HEADERFUNCTION, storeHeadLine))
        expect(ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context))
        expect(ccurl_set_store(easy, CURLOPT_READFUNCTION, takeBody))
        expect(ccurl_set_pointer(easy, CURLOPT_READDATA, context))
        // Without it a body could not be sent again where a connection that was kept turns out to be closed.
        expect(ccurl_set_seek(easy, seekBody))
        expect(ccurl_set_pointer(easy, CURLOPT_SEEKDATA, context))
        expect(ccurl_set_pointer(easy, CURLOPT_PRIVATE, context))
        expect(ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))

        // What may be spoken: HTTP/1.1 (HTTP/2 costs more for the same bytes), nothing but HTTP, and no redirect.
        expect(ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        expect(ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)))
        expect(ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0))
        expect(ccurl_set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1))
        expect(ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1))
        // S3 keys hold "..", "." and "//".
        expect(ccurl_set_long(easy, CURLOPT_PATH_AS_IS, 1))

        expect(ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1))
        expect(ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2))
        expect(ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)))
        if let path = limits.certificateAuthorityPath { expect(ccurl_set_string(easy, CURLOPT_CAINFO, path)) }
        if limits.certificateAuthorityPath != nil || ccurl_has_default_authority_file() != 0 {
            // A directory of authorities beside the file would add to it, and would keep curl from caching the parsed
            // file over connections (CURLOPT_CA_CACHE_TIMEOUT): parsing the system's takes longer than a handshake.
            expect(ccurl_set_string(easy, CURLOPT_CAPATH, nil))
        }

        expect(ccurl_set_string(easy, CURLOPT_PROXY, proxy))
        expect(ccurl_set_string(easy, CURLOPT_NOPROXY, limits.proxies.exceptions))

        // Without signals; LoopExecutor says what that asks of its thread.
        expect(ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        // A transfer that ends while its name is looked up leaves the lookup's thread to itself. Without this curl
        // waits for the resolver's answer, on the loop's thread, which stands still as long.
        expect(ccurl_set_long(easy, CURLOPT_QUICK_EXIT, 1))
        expect(ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, limits.connectTimeout.millisecondCount))
        expect(ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1))
        expect(ccurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, context))
        return isSet
    }

    /// Sets up `transfer`, which the caller then adds to the multi handle. Throws when it cannot be sent.
    func begin(_ transfer: Transfer) throws(TransferError) {
        let request = transfer.request
        if let problem = request.problem { throw TransferError(code: .other, message: problem, request: request) }
        self.transfer = transfer
        answer = Answer()
        progress = Progress()
        takenByteCount = 0
        socket = nil
        errorText.pointee = 0
        var result = ccurl_set_string(easy, CURLOPT_URL, request.url)
        if result == CURLE_OK { result = setMethod(request) }
        if result == CURLE_OK { result = setHeaders(request) }
        if result == CURLE_OK { result = setRoute(request) }
        // Refused while the handle holds the buffer of a transfer that ended before it was connected: that one will do.
        _ = ccurl_set_long(
            easy, CURLOPT_BUFFERSIZE, TransferLimits.receiveByteCount(forBody: transfer.body?.capacity ?? 0))
        guard result == CURLE_OK else {
            end()
            throw TransferError(
                result, message: String(cString: curl_easy_strerror(result)), wasConnected: false, request: request,
                proxies: limits.proxies)
        }
    }

    /// Forgets the transfer and what belongs to it; the caller has removed the handle from the multi handle.
    func end() {
        transfer = nil
        ccurl_set_list(easy, CURLOPT_HTTPHEADER, nil)
        curl_slist_free_all(headerList)
        headerList = nil
    }

    /// The outcome of a transfer that curl ended with `result`.
    func outcome(of transfer: Transfer, _ result: CURLcode) -> TransferResult {
        switch (result, answer.refusal) {
        case (CURLE_OK, nil), (CURLE_WRITE_ERROR, .errorBodyCut):
            var response = HTTPResponse(status: answer.status, head: answer.head, errorBody: answer.errorBody)
            response.firstByteTime = timeSinceReady(CURLINFO_STARTTRANSFER_TIME_T)
            response.duration = timeSinceReady(CURLINFO_TOTAL_TIME_T)
            return .success(response)
        case (_, .bodyTooLarge(let capacity)):
            let message = "the body of the answer is larger than its buffer of \(capacity) bytes"
            return .failure(TransferError(code: .bodyTooLarge, message: message, request: transfer.request))
        case (_, .headTooLarge):
            let message = "the head of the answer is larger than \(limits.headByteCountMax) bytes"
            return .failure(TransferError(code: .malformedAnswer, message: message, request: transfer.request))
        case (CURLE_COULDNT_CONNECT, .privateAddress):
            let message = "its address is not one of the public internet"
            return .failure(TransferError(code: .privateAddress, message: message, request: transfer.request))
        default:
            let text = errorText.pointee == 0 ? String(cString: curl_easy_strerror(result)) : String(cString: errorText)
            let error = TransferError(
                result, message: text, wasConnected: isConnected, request: transfer.request, proxies: limits.proxies)
            guard error.mayLackDescriptors, Descriptors.areUsedUp else { return .failure(error) }
            let message = "no connection can be opened: this process may have \(Descriptors.limit) files open at once"
            return .failure(TransferError(code: .noDescriptors, message: message, request: transfer.request))
        }
    }

    /// `error` with the head of the answer that it broke, if there was one.
    func withHead(_ error: TransferError) -> TransferError {
        guard answer.status >= 200 else { return error }
        var error = error
        error.head = HTTPResponse(status: answer.status, head: answer.head, errorBody: [])
        return error
    }

    /// Whether the connection is ready for the request: name, TCP and TLS are done.
    var isConnected: Bool { ccurl_get_offset(easy, CURLINFO_PRETRANSFER_TIME_T) > 0 }

    /// The time from when the connection was ready to the moment that `info` names (curl_easy_getinfo(3)).
    private func timeSinceReady(_ info: CURLINFO) -> Duration {
        .microseconds(max(0, ccurl_get_offset(easy, info) - ccurl_get_offset(easy, CURLINFO_PRETRANSFER_TIME_T)))
    }

    /// curl keeps a method from one transfer to the next.
    private func setMethod(_ request: HTTPRequest) -> CURLcode {
        if request.method == .get && method == .get { return CURLE_OK }
        method = request.method
        var result = ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, nil)
        guard result == CURLE_OK else { return result }
        switch method {
        case .get: return ccurl_set_long(easy, CURLOPT_HTTPGET, 1)
        case .head: return ccurl_set_long(easy, CURLOPT_NOBODY, 1)
        case .delete:
            result = ccurl_set_long(easy, CURLOPT_HTTPGET, 1)
            return result == CURLE_OK ? ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, method.rawValue) : result
        case .put: result = ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, method.rawValue)
        case .post: break
        }
        // NOBODY of an earlier HEAD would outlive CURLOPT_POST in some versions of curl.
        if result == CURLE_OK { result = ccurl_set_long(easy, CURLOPT_NOBODY, 0) }
        if result == CURLE_OK { result = ccurl_set_long(easy, CURLOPT_POST, 1) }
        let byteCount = request.body?.count ?? 0
        if result == CURLE_OK { result = ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(byteCount)) }
        guard result == CURLE_OK else { return result }
        // NULL means that a callback reads the body: curl would else keep a copy, also after the transfer.
        return byteCount == 0
            ? ccurl_set_string(easy, CURLOPT_COPYPOSTFIELDS, "") : ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, nil)
    }

    /// curl keeps all of it from one transfer to the next. An empty proxy is none; without one curl would look into the
    /// process's environment.
    private func setRoute(_ request: HTTPRequest) -> CURLcode {
        var result = ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, request.timeout?.millisecondCount ?? 0)
        if result == CURLE_OK {
            result = ccurl_set_open_socket(easy, request.refusesPrivateAddresses ? openPublicSocket : nil)
        }
        guard result == CURLE_OK else { return result }
        let proxy = limits.proxies.proxy(for: request) ?? ""
        if proxy == self.proxy { return CURLE_OK }
        self.proxy = proxy
        return ccurl_set_string(easy, CURLOPT_PROXY, proxy)
    }

    private func setHeaders(_ request: HTTPRequest) -> CURLcode {
        // In curl's list, "Name:" takes a header away and "Name;" sends one without a value (CURLOPT_HTTPHEADER(3)).
        var isAppended = true
        var line = ""
        line.reserveCapacity(256)
        func append(_ line: String) {
            guard let list = curl_slist_append(headerList, line) else { return isAppended = false }
            headerList = list
        }
        for (name, value) in request.headers {
            line.removeAll(keepingCapacity: true)
            line += name
            line += value.isEmpty ? ";" : ": "
            line += value
            append(line)
        }
        if request.method == .post || request.method == .put {
            append("Expect:")
            // curl would call every body a form.
            if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) { append("Content-Type:") }
        }
        guard isAppended else { return CURLE_OUT_OF_MEMORY }
        return headerList == nil ? CURLE_OK : ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList)
    }
}
