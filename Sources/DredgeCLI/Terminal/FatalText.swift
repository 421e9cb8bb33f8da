import Dredge
import DredgeConfig
import DredgeLedger
import DredgeStore

/// What ended a run, as a paragraph: where, at which step, what happened, what the service said, what to change.
enum FatalText {
    static func text(_ error: RunError) -> String {
        ([error] + error.others).map(paragraph).joined(separator: "\n")
    }

    static func text(_ error: StoreError) -> String {
        "dredge: \(Quoting.escaped(sentence(error.message))) \(Quoting.escaped(sentence(error.advice)))"
    }

    private static func paragraph(_ error: RunError) -> String {
        let source = error.source.map { "source \(Quoting.quoted($0)): " } ?? ""
        var service: [String] = []
        if let code = error.serviceCode { service.append("code \(code)") }
        if let status = error.status { service.append("HTTP \(status)") }
        if let requestID = error.requestID { service.append("request \(requestID)") }
        let said = service.isEmpty ? "" : " (\(service.joined(separator: ", ")))"
        let message = sentence(error.message)
        let body = said.isEmpty ? message : message.dropLast() + said + "."
        return "dredge: " + Quoting.escaped("\(source)could not \(step(error.step)): \(body) \(sentence(error.advice))")
    }

    /// Steps begin with a verb in the imperative: `assume role …`, `list the bucket`.
    private static func step(_ step: String) -> String { step.isEmpty ? "go on" : step }

    private static func sentence(_ text: String) -> String {
        guard let last = text.last else { return text }
        return ".!?".contains(last) ? text : text + "."
    }
}
