import Foundation

extension ScriptedS3Server {
    /// Something that goes wrong.
    public struct Fault: Codable, Sendable {
        private enum Kind: String, Codable {
            case error, raw, head, shortBody, cut, longBody, trailing, reset, hang, drip, dripHead, interims, refuse
            case delay, shift, whole, shortWhole, page, replace, outlast, partial, expired
        }

        private var on: Action
        private var `do`: Kind
        private var key: String?
        private var keyBase64: String?
        private var when: [Condition]?
        private var skip: Int?
        private var times: Int?
        private var status: Int?
        private var code: String?
        private var message: String?
        private var fields: [String: String]?
        private var headers: [String: String?]?
        private var added: [String: String]?
        private var byteCount: Int?
        private var headByteCount: Int?
        private var count: Int?
        private var text: String?
        private var keys: [String]?
        private var entries: [String: [String: String]]?
        private var isFreshToken: Bool?
        private var object: Object?
        private var seconds: Double?

        private init(on action: Action, do kind: Kind) {
            on = action
            self.do = kind
        }

        /// The fault for one key only.
        public func forKey(_ key: String) -> Fault {
            var fault = self
            fault.keyBase64 = Data(key.utf8).base64EncodedString()
            return fault
        }

        /// Something that must hold of a request.
        private struct Condition: Codable {
            var part: String
            var has: String?
            var lacks: String?
        }

        /// The fault for requests only whose `part` (`target`, `form`, or a header's name in lower case) has or lacks a
        /// text. Several such must hold all.
        public func when(_ part: String, has: String? = nil, lacks: String? = nil) -> Fault {
            var fault = self
            fault.when = (when ?? []) + [Condition(part: part, has: has, lacks: lacks)]
            return fault
        }

        /// The fault `count` times (-1: always), after `skip` requests that pass.
        public func times(_ count: Int, afterSkipping skip: Int = 0) -> Fault {
            var fault = self
            fault.times = count
            fault.skip = skip
            return fault
        }

        /// An error answer.
        public static func error(
            on action: Action, _ status: Int, _ code: String?, message: String = "", fields: [String: String] = [:],
            headers: [String: String] = [:]
        ) -> Fault {
            var fault = Fault(on: action, do: .error)
            fault.status = status
            fault.code = code
            fault.message = message
            fault.fields = fields
            fault.headers = headers
            return fault
        }

        /// The right head, then `byteCount` bytes, then the connection closes.
        public static func shortBody(on action: Action, byteCount: Int) -> Fault {
            var fault = Fault(on: action, do: .shortBody)
            fault.byteCount = byteCount
            return fault
        }

        /// Where an answer breaks off.
        public enum Place: Sendable {
            /// Before its first byte.
            case start
            /// After so many bytes of its head.
            case head(byteCount: Int)
            /// After its head and so many bytes of its body.
            case body(byteCount: Int)
        }

        /// The connection is reset: before the head, or after that many bytes of the body.
        public static func reset(on action: Action, byteCount: Int? = nil) -> Fault {
            reset(on: action, at: byteCount.map { .body(byteCount: $0) } ?? .start)
        }

        /// The connection is reset there.
        public static func reset(on action: Action, at place: Place) -> Fault {
            Fault(on: action, do: .reset).breakingOff(at: place)
        }

        private func breakingOff(at place: Place) -> Fault {
            var fault = self
            switch place {
            case .start: break
            case .head(let byteCount): fault.headByteCount = byteCount
            case .body(let byteCount): fault.byteCount = byteCount
            }
            return fault
        }

        /// The body's first bytes, under a head that announces no more.
        public static func cut(on action: Action, byteCount: Int) -> Fault {
            var fault = Fault(on: action, do: .cut)
            fault.byteCount = byteCount
            return fault
        }

        /// Bytes more than there are, announced by the head or not.
        public static func longBody(on action: Action, byteCount: Int, isAnnounced: Bool) -> Fault {
            var fault = Fault(on: action, do: isAnnounced ? .longBody : .trailing)
            fault.byteCount = byteCount
            return fault
        }

        /// All connections are reset, and new ones refused for so many seconds.
        public static func refuse(on action: Action, seconds: Double) -> Fault {
            var fault = Fault(on: action, do: .refuse)
            fault.seconds = seconds
            return fault
        }

        /// So many interim answers, then the right one.
        public static func interims(on action: Action, _ status: Int, count: Int, seconds: Double = 0) -> Fault {
            var fault = Fault(on: action, do: .interims)
            fault.status = status
            fault.count = count
            fault.seconds = seconds
            return fault
        }

        /// An empty page of a listing, which leads to itself.
        public static func emptyPage() -> Fault {
            var fault = Fault(on: .list, do: .page)
            fault.keys = []
            fault.isFreshToken = true
            return fault
        }

        /// A range `byteCount` bytes behind the right one.
        public static func shiftedRange(byteCount: Int) -> Fault {
            var fault = Fault(on: .get, do: .shift)
            fault.byteCount = byteCount
            return fault
        }

        /// The whole object with status 200, whatever the range; broken off after `byteCount` bytes, if given.
        public static func wholeObject(byteCount: Int? = nil) -> Fault {
            var fault = Fault(on: .get, do: byteCount == nil ? .whole : .shortWhole)
            fault.byteCount = byteCount
            return fault
        }

        /// The right answer with other headers (a nil value takes the header away) and another status.
        public static func headers(
            on action: Action, _ headers: [String: String?] = [:], status: Int? = nil
        ) -> Fault {
            var fault = Fault(on: action, do: .head)
            fault.headers = headers
            fault.status = status
            return fault
        }

        /// This body; in an answer of STS, `IN-AN-HOUR` stands for that time.
        public static func raw(
            on action: Action, _ text: String, status: Int = 200, headers: [String: String?] = [:]
        ) -> Fault {
            var fault = Fault(on: action, do: .raw)
            fault.text = text
            fault.status = status
            fault.headers = headers
            return fault
        }

        /// `object` takes the place of what was there, then the request is answered.
        public static func replace(on action: Action, _ object: Object) -> Fault {
            var fault = Fault(on: action, do: .replace)
            fault.object = object
            return fault
        }

        /// Nothing more comes from there on, and the connection stays open.
        public static func hang(on action: Action, at place: Place = .start) -> Fault {
            Fault(on: action, do: .hang).breakingOff(at: place)
        }

        /// The right answer, once the session that signed the request is over.
        public static func outlast(on action: Action) -> Fault { Fault(on: action, do: .outlast) }

        /// AssumeRole gives a session without its token.
        public static func partialSession() -> Fault { Fault(on: .assumeRole, do: .partial) }

        /// AssumeRole gives a session that is over.
        public static func expiredSession() -> Fault { Fault(on: .assumeRole, do: .expired) }

        /// The right head, then a byte of the body every so many seconds.
        public static func drip(on action: Action, seconds: Double) -> Fault {
            var fault = Fault(on: action, do: .drip)
            fault.seconds = seconds
            return fault
        }

        /// The right answer, later.
        public static func delay(on action: Action, seconds: Double) -> Fault {
            var fault = Fault(on: action, do: .delay)
            fault.seconds = seconds
            return fault
        }
    }
}
