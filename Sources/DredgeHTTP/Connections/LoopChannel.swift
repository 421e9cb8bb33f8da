#if Server
    internal import HummingbirdCore
    internal import Logging
    internal import NIOCore

    /// Answers a connection's requests on the thread of the connection's event loop. Otherwise each request would go
    /// from there to Swift's own threads and back, which takes longer than what most requests ask for. What takes long
    /// has threads of its own: the databases' queues, the search and the engine.
    struct LoopChannel<Base: ServerChildChannel>: ServerChildChannel {
        let base: Base

        func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
            base.setup(channel: channel, logger: logger)
        }

        func handle(value: Base.Value, logger: Logger) async {
            await withTaskExecutorPreference(LoopExecutor(value.channel.eventLoop)) {
                await base.handle(value: value, logger: logger)
            }
        }
    }

    /// Runs tasks on an event loop, which must not end.
    private final class LoopExecutor: TaskExecutor {
        private let loop: any EventLoop

        init(_ loop: any EventLoop) { self.loop = loop }

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }
#endif
