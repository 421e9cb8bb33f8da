#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Reads the answer of an AssumeRole that went well (STS API reference, `AssumeRoleResult`).
enum AssumedSession {
    /// The session in `answer`. `now` is in the service's time, as far as it is known.
    ///
    /// Its secrets never become strings; the reader's memory is wiped.
    static func credentials(in answer: CredentialAnswer, call: STSCall, now: Date) throws(AWSError) -> Credentials {
        func malformed(_ message: String) -> AWSError {
            AWSError(
                code: .malformedAnswer, step: call.step, status: answer.status, requestID: answer.requestID,
                message: message,
                advice:
                    "Is \(RequestURL(call.endpoint.url).host) an STS endpoint, or a proxy or a portal in front of one?")
        }
        let fields = Fields()
        var limits = XMLReader.Limits()
        limits.byteCountMax = AWSLimits.stsAnswerByteCountMax
        limits.wipesMemory = true
        do {
            // A typed error can't leave this closure on every supported compiler, so the result carries it.
            try answer.body.withUnsafeBytes { body in
                Result { () throws(XMLError) in try XMLReader.read(body, limits: limits, handler: fields) }
            }.get()
        } catch {
            throw malformed("the answer is not the XML that STS gives: \(error)")
        }
        guard let id = fields.accessKeyID, let secret = fields.secretAccessKey, let token = fields.sessionToken else {
            throw malformed("the answer has no complete credentials")
        }
        guard let text = fields.expiration, let expiration = Timestamp.iso8601(text) else {
            throw malformed("the answer has no valid expiration")
        }
        guard expiration > now else {
            // With a date beside it, `now` is the service's own time.
            if answer.date != nil { throw malformed("the new session had ended before it began (\(text.printable))") }
            throw AWSError(
                code: .clockSkewed, step: call.step, status: answer.status, requestID: answer.requestID,
                message: "the new session ended before it began, by this machine's clock",
                advice: STSProblem.clockAdvice)
        }
        return Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token, expiration: expiration)
    }

    private final class Fields: XMLHandler {
        var accessKeyID: String?
        var secretAccessKey: SecretBytes?
        var sessionToken: SecretBytes?
        var expiration: String?
        private var isInCredentials = false

        func begin(_ name: String, depth: Int) {
            if name == "Credentials" { isInCredentials = true }
        }

        func end(_ name: String, depth: Int, text: UnsafeRawBufferPointer) {
            guard isInCredentials else { return }
            switch name {
            case "Credentials": isInCredentials = false
            case "AccessKeyId" where !text.isEmpty: accessKeyID = String(decoding: text, as: UTF8.self)
            case "SecretAccessKey" where !text.isEmpty: secretAccessKey = SecretBytes(copying: text)
            case "SessionToken" where !text.isEmpty: sessionToken = SecretBytes(copying: text)
            case "Expiration": expiration = String(decoding: text, as: UTF8.self)
            default: break
            }
        }
    }
}

/// The two forms of a moment in AWS answers.
package enum Timestamp {
    /// `2025-01-31T12:34:56Z`, also with a fraction of a second (which is dropped).
    static func iso8601(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[4] == UInt8(ascii: "-"),
            bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes.count == 20 || bytes[19] == UInt8(ascii: ".")
        else { return nil }
        return date(
            year: number(bytes[0..<4]), month: number(bytes[5..<7]), day: number(bytes[8..<10]),
            time: (number(bytes[11..<13]), number(bytes[14..<16]), number(bytes[17..<19])))
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
    package static func http(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard bytes.count == 29, bytes[26...].elementsEqual("GMT".utf8),
            let month = months.firstIndex(of: String(decoding: bytes[8..<11], as: UTF8.self))
        else { return nil }
        return date(
            year: number(bytes[12..<16]), month: month + 1, day: number(bytes[5..<7]),
            time: (number(bytes[17..<19]), number(bytes[20..<22]), number(bytes[23..<25])))
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func date(year: Int?, month: Int?, day: Int?, time: (Int?, Int?, Int?)) -> Date? {
        guard let year, let month, let day, let hour = time.0, let minute = time.1, let second = time.2,
            (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        let days = CivilDate.toDays(year: year, month: month, day: day)
        return Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second))
    }
}
