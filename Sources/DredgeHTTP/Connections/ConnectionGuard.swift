#if Server
    internal import DredgeService
    internal import HTTPTypes
    internal import Hummingbird
    internal import NIOCore
    internal import NIOHTTP1
    internal import NIOHTTPTypes
    internal import NIOHTTPTypesHTTP1

    /// Watches over one connection. A client that takes too long over a head, a body or an answer, or says nothing, is
    /// cut off; one that does not speak HTTP is told so. What comes late is told by 408 as long as no answer has begun.
    ///
    /// It belongs to the channel's event loop.
    final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPRequestPart
        typealias InboundOut = HTTPRequestPart
        typealias OutboundIn = HTTPResponsePart
        typealias OutboundOut = HTTPResponsePart

        private let connections: Connections
        private let times: ConnectionTimes
        /// Requests whose head has come, and whose answer has not ended.
        private var openCount = 0
        private var isReadingBody = false
        private var hasAnswerBegun = false
        /// What was to be said has been: whatever comes is thrown away.
        private var isRefused = false
        private var deadline: Scheduled<Void>?
        private var unreadDeadline: Scheduled<Void>?

        init(_ connections: Connections, _ times: ConnectionTimes) {
            (self.connections, self.times) = (connections, times)
        }

        func handlerAdded(context: ChannelHandlerContext) {
            connections.add(context.channel)
            expectHead(context, within: times.head)
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            deadline?.cancel()
            unreadDeadline?.cancel()
        }

        // MARK: What comes

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if isRefused { return }
            switch unwrapInboundIn(data) {
            case .head(let head):
                openCount += 1
                isReadingBody = true
                schedule(context, times.body) { [self] context in
                    refuse(context, .requestTimeout, "The body did not come to its end in time.")
                }
                if head.headerFields[.expect]?.lowercased() == "100-continue" {
                    guard
                        (head.headerFields[.contentLength].flatMap { Int($0) } ?? 0)
                            <= ServiceLimits.bodyByteCountMax
                    else {
                        return refuse(
                            context, .contentTooLarge,
                            "A body has at most \(ServiceLimits.bodyByteCountMax) bytes.")
                    }
                    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
                }
            case .body: break
            case .end:
                isReadingBody = false
                deadline?.cancel()
                if openCount == 0 { expectHead(context, within: times.idle) }
            }
            context.fireChannelRead(data)
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            context.fireChannelReadComplete()
            // Nobody else reads any more: the client is to see the answer, and not a reset.
            if isRefused { context.read() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if isRefused { return }
            switch error {
            case HTTPParserError.headerOverflow:
                refuse(
                    context, .requestHeaderFieldsTooLarge,
                    "The head of a request has at most \(ServiceLimits.headByteCountMax) bytes and "
                        + "\(ServiceLimits.headFieldCountMax) fields.")
            case is HTTPParserError, is HTTP1TypeConversionError:
                refuse(context, .badRequest, "This is no request of HTTP/1.1.")
            default: context.fireErrorCaught(error)
            }
        }

        // MARK: What goes

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            if isRefused {
                promise?.fail(ChannelError.ioOnClosedChannel)
                return
            }
            switch unwrapOutboundIn(data) {
            case .head(let head): hasAnswerBegun = head.status.kind != .informational
            case .body: break
            case .end:
                hasAnswerBegun = false
                openCount -= 1
                if openCount == 0, !isReadingBody { expectHead(context, within: times.idle) }
            }
            context.write(data, promise: promise)
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            unreadDeadline?.cancel()
            unreadDeadline = nil
            if !context.channel.isWritable {
                unreadDeadline = Self.schedule(context, times.unread) { $0.close(promise: nil) }
            }
            context.fireChannelWritabilityChanged()
        }

        // MARK: Deadlines

        private func expectHead(_ context: ChannelHandlerContext, within time: TimeAmount) {
            // Nothing is told: a client would take it for the answer to the request that it is about to send.
            schedule(context, time) { $0.close(promise: nil) }
        }

        private func schedule(
            _ context: ChannelHandlerContext, _ time: TimeAmount,
            _ body: @escaping (ChannelHandlerContext) -> Void
        ) {
            deadline?.cancel()
            deadline = Self.schedule(context, time, body)
        }

        private static func schedule(
            _ context: ChannelHandlerContext, _ time: TimeAmount, _ body: @escaping (ChannelHandlerContext) -> Void
        ) -> Scheduled<Void> {
            context.eventLoop.assumeIsolated().scheduleTask(in: time) { body(context) }
        }

        /// Answers the request that is being read, unless its answer or an earlier one is under way, and closes.
        private func refuse(_ context: ChannelHandlerContext, _ status: HTTPResponse.Status, _ text: String) {
            isRefused = true
            let isFree = !hasAnswerBegun && openCount == (isReadingBody ? 1 : 0)
            guard isFree, context.channel.isActive else { return context.close(promise: nil) }
            let answer = JSONResponse(.object(["detail": .string(text)]), status: status)
            var head = answer.response.head
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(ByteBuffer(bytes: answer.body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            context.close(mode: .output, promise: nil)
            schedule(context, times.linger) { $0.close(promise: nil) }
            context.read()
        }
    }

    extension HTTPField.Name {
        fileprivate static let expect = HTTPField.Name("Expect") ?? .accept
    }

    @available(*, unavailable) extension ConnectionGuard: Sendable {}
#endif
