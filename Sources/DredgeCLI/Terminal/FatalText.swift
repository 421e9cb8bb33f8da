import Dredge
import DredgeConfig
import DredgeLedger

/// What ended a run: where, at which step, what happened, what the service said, what to change.
enum FatalText {
    static func text(_ error: RunError) -> String {
        error.description.split(separator: "\n").map { "dredge: \($0)" }.joined(separator: "\n")
    }

    static func text(_ error: StoreError) -> String { "dredge: \(Quoting.escaped(error.description))" }
}
