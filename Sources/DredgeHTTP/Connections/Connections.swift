#if Server
    internal import DredgeService
    internal import NIOCore
    internal import Synchronization

    /// The connections that are open.
    final class Connections: Sendable {
        private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

        var count: Int { open.withLock { $0.count } }

        /// Knows the connection until it is closed.
        func add(_ channel: any Channel) {
            let id = ObjectIdentifier(channel)
            open.withLock { $0[id] = channel }
            channel.closeFuture.whenComplete { [self] _ in open.withLock { $0[id] = nil } }
        }

        /// Closes all of them, whatever they are at.
        func closeAll() {
            for channel in open.withLock({ Array($0.values) }) { channel.close(promise: nil) }
        }

        /// As many as the process has descriptors for: stores, S3 and webhooks need the other half.
        static var countMax: Int {
            min(ServiceLimits.connectionCountMax, max(1, Int(clamping: ProcessFigures.descriptorCountMax) / 2))
        }
    }
#endif
