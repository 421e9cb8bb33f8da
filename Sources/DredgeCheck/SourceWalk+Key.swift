import Dredge
import DredgeAWS
import DredgeS3

extension SourceWalk {
    /// The key that encrypts the object, as S3 tells it with the object's head.
    mutating func checkKey() {
        var step = CheckStep(kind: .kms, title: Self.title(.kms, source), verdict: .passed)
        let keyARN = head?.kmsKeyID
        if let error = contentRefusal {
            step.verdict = .failed
            let evidence = KeyEvidence(
                source: source, reader: reader, denial: Denial(error.words), error: error,
                isRefusedBySession: isContentRefusedByPolicy,
                keyARN: keyARN ?? Denial.keyARN(in: error.words) ?? source.kmsKeyARN)
            step.title = evidence.keyARN.map { "Encryption key \($0)" } ?? step.title
            step.causes = evidence.causes()
            step.trail = evidence.trail
            steps.append(step)
            return
        }
        if hasFailed { return skip(.kms) }
        guard object != nil else { return skip(.kms, because: "No object was read.") }
        guard let head else {
            return skip(.kms, because: "S3 told nothing of the object's encryption.")
        }
        if let keyARN {
            step.title = "Encryption key \(keyARN)"
            step.facts.append("The object is encrypted with this KMS key, and could be decrypted.")
            if let named = source.kmsKeyARN, named.contains(":key/"), named != keyARN {
                step.verdict = .warned
                step.causes.append(
                    CheckCause(
                        .keyOtherThanNamed, isCertain: true, "The config names another key: \(named).",
                        because: "S3 tells the key of an object with its head.",
                        change: RequiredChange(
                            .you,
                            "Write kms_key_arn: \(keyARN) in the config, or take kms_key_arn out of it: sessions "
                                + "and policies are made from it."
                        )))
            }
        } else {
            step.facts.append(
                head.encryption == "AES256"
                    ? "The object is encrypted with S3's own keys (SSE-S3), which need no permission."
                    : "The object is not encrypted with a KMS key.")
        }
        steps.append(step)
    }

    /// This machine's clock against the service's.
    mutating func checkClock() {
        var step = CheckStep(kind: .clock, title: Self.title(.clock, source), verdict: .passed)
        let secondsAhead = [inquiry.secondsAhead, -connection.clock.offset].first { $0 != 0 } ?? 0
        if let clockRefusal {
            step.verdict = .failed
            step.facts.append(clockRefusal)
        } else if secondsAhead != 0 {
            step.verdict = .warned
            step.causes.append(CallCauses.clock(secondsAhead: secondsAhead))
        } else if !inquiry.isTimeKnown, !connection.clock.isKnown {
            return skip(.clock, because: "No service told its time, so it is not known whether the clock is right.")
        } else if case .anonymous = source.auth {
            return skip(.clock, because: "Nothing was signed, so the clock did not matter.")
        } else {
            step.facts.append("It agrees with the service's to within 4 minutes.")
        }
        steps.append(step)
    }
}
