import Dredge
import Synchronization

/// Stops a run when both are there: the run, and the request to stop it. Either may come first.
final class StopRequest: Sendable {
    private let state = Mutex<(run: Run?, isRequested: Bool)>((nil, false))

    var isRequested: Bool { state.withLock { $0.isRequested } }

    func request() {
        let run = state.withLock { state in
            state.isRequested = true
            return state.run
        }
        run?.stop()
    }

    func begin(_ run: Run) {
        let isRequested = state.withLock { state in
            state.run = run
            return state.isRequested
        }
        if isRequested { run.stop() }
    }
}
