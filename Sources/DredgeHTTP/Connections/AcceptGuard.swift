#if Server
    internal import DredgeService
    internal import Logging
    internal import NIOCore

    /// Stands before what accepts connections. An error there, such as that descriptors have run out, would end the
    /// server: it is logged, and accepting rests for a while.
    final class AcceptGuard: ChannelInboundHandler, Sendable {
        typealias InboundIn = any Channel

        private let logger: Logger

        init(_ logger: Logger) { self.logger = logger }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            logger.error("a connection could not be accepted", metadata: ["error": "\(error)"])
            let channel = context.channel
            channel.setOption(.autoRead, value: false).whenComplete { _ in
                channel.eventLoop.scheduleTask(in: .milliseconds(Int64(ServiceLimits.acceptPauseMilliseconds))) {
                    channel.setOption(.autoRead, value: true).whenFailure { _ in }
                }
            }
        }
    }
#endif
