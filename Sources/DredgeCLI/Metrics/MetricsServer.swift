import DredgeBase
import DredgeConfig
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Answers `GET /metrics` on a thread of its own, one connection after the other: each has a few seconds, so that one
/// which is silent keeps nobody out for longer. The kernel keeps the next ones waiting.
final class MetricsServer: Sendable {
    /// What it answers under, with the port that it got.
    let url: String
    private let listener: Int32
    /// A byte in it ends the thread.
    private let wakeUp: (reading: Int32, writing: Int32)
    private let text: @Sendable () -> String
    private let ended = DispatchSemaphore(value: 0)

    private static let connectionSeconds = 5.0
    private static let requestByteCountMax = 8 << 10
    private static let backlogCount: Int32 = 16

    /// Listens at `address`, which has a port: `127.0.0.1:9464`, `[::1]:9464`. Throws a `CommandFailure` where that
    /// is no address, or taken.
    /// - Parameter text: makes the answer.
    init(_ address: String, text: @escaping @Sendable () -> String) throws {
        func failure(_ status: ExitStatus, _ reason: String) -> CommandFailure {
            CommandFailure(status, "dredge: --metrics-listen \(Quoting.quoted(address)): \(reason)")
        }
        guard let (host, port) = Self.parts(of: address) else {
            throw failure(.usage, "this is no IP address with a port, such as 127.0.0.1:9464 or [::1]:9464.")
        }
        var descriptors: [Int32] = [-1, -1]
        guard pipe(&descriptors) == 0 else { throw failure(.fatal, String(cString: strerror(errno))) }
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        guard let listener = Socket.listen(host, port, backlog: Self.backlogCount) else {
            let reason = String(cString: strerror(errno))
            for descriptor in descriptors { close(descriptor) }
            throw failure(.fatal, "can't listen there: \(reason). Give a free port of this machine, or 0.")
        }
        self.listener = listener
        wakeUp = (descriptors[0], descriptors[1])
        self.text = text
        url = "http://\(host.contains(":") ? "[\(host)]" : host):\(Socket.port(of: listener))/metrics"
        let thread = Thread { [self] in serve() }
        thread.name = "dredge.metrics"
        thread.start()
    }

    /// Ends what is under way, and returns when nothing listens any more.
    func stop() {
        _ = DescriptorWriter.write([0], to: wakeUp.writing)
        ended.wait()
        for descriptor in [listener, wakeUp.reading, wakeUp.writing] { close(descriptor) }
    }

    /// Host and port; nil: it is none.
    static func parts(of address: String) -> (host: String, port: UInt16)? {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            return nil
        }
        var host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        return Socket.isAddress(String(host)) ? (String(host), port) : nil
    }

    private func serve() {
        defer { ended.signal() }
        while wait(for: listener, POLLIN, until: .distantFuture) {
            guard let connection = Socket.accept(listener) else { continue }
            answer(connection)
            close(connection)
        }
    }

    private func answer(_ connection: Int32) {
        let end = Date(timeIntervalSinceNow: Self.connectionSeconds)
        guard let request = readHead(connection, until: end) else { return }
        write(Array(MetricsAnswer(to: request, text: text).bytes), to: connection, until: end)
        // Who still sends would be told of a reset, and might lose the answer by that.
        shutdown(connection, Int32(SHUT_WR))
        var rest = [UInt8](repeating: 0, count: 1 << 10)
        while wait(for: connection, POLLIN, until: end), Socket.read(connection, &rest) > 0 {}
    }

    /// To the empty line, or as much as a request may have; nil: it did not come.
    private func readHead(_ connection: Int32, until end: Date) -> [UInt8]? {
        var head: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 10)
        while head.count < Self.requestByteCountMax {
            guard wait(for: connection, POLLIN, until: end) else { return nil }
            let count = Socket.read(connection, &block)
            guard count > 0 else { return nil }
            head += block[..<count]
            if head.suffix(count + 3).contains([13, 10, 13, 10]) { return head }
        }
        return head
    }

    private func write(_ bytes: [UInt8], to connection: Int32, until end: Date) {
        var rest = bytes[...]
        while !rest.isEmpty, wait(for: connection, POLLOUT, until: end) {
            let count = Socket.write(connection, rest)
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Whether `descriptor` is ready; false: time is over, or the server stops.
    private func wait(for descriptor: Int32, _ event: Int32, until end: Date) -> Bool {
        while true {
            let left = end.timeIntervalSinceNow
            guard left > 0 else { return false }
            var pollers = [
                pollfd(fd: wakeUp.reading, events: Int16(POLLIN), revents: 0),
                pollfd(fd: descriptor, events: Int16(event), revents: 0),
            ]
            let count = poll(&pollers, 2, left > 3600 ? -1 : Int32(left * 1000) + 1)
            if count < 0, errno != EINTR { return false }
            if count <= 0 { continue }
            return pollers[0].revents == 0
        }
    }
}

/// What is said to a request for metrics.
struct MetricsAnswer {
    let bytes: [UInt8]

    /// - Parameter text: makes the metrics; asked only where they are wanted.
    init(to request: [UInt8], text: () -> String) {
        let line = request.prefix { $0 != 13 && $0 != 10 }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        let (status, body, more): (String, String, String)
        if words.count != 3 || !words[2].hasPrefix("HTTP/1.") || !request.contains([13, 10, 13, 10]) {
            (status, body, more) = ("400 Bad Request", "This is no request of HTTP/1.1.\n", "")
        } else if words[0] != "GET" {
            (status, body, more) = ("405 Method Not Allowed", "Only GET is answered.\n", "Allow: GET\r\n")
        } else if words[1].prefix(while: { $0 != "?" }) != "/metrics" {
            (status, body, more) = ("404 Not Found", "The metrics are at /metrics.\n", "")
        } else {
            (status, body, more) = ("200 OK", text(), "")
        }
        let type = status.hasPrefix("200") ? MetricsText.mediaType : "text/plain; charset=utf-8"
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(more)"
            + "Connection: close\r\n\r\n"
        bytes = Array((head + body).utf8)
    }
}
