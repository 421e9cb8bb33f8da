package import DredgeTransfer

extension TransferLoop {
    /// A loop with `limits`. Throws a `RunError` when this machine gives no thread or descriptor for it.
    package static func start(_ limits: TransferLimits) throws(RunError) -> TransferLoop {
        do throws(TransferError) {
            return try TransferLoop(limits: limits)
        } catch {
            throw RunError(
                code: .machine, step: "start the transfer loop", message: error.message,
                advice: "Check the limits on threads and open files (ulimit -n, ulimit -u).")
        }
    }
}
