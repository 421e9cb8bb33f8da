/// Why a call is not done. The HTTP API makes a status and a JSON body of it.
public enum ServiceError: Error, Sendable, Hashable {
    /// Fields of the request that can't be taken: all of them at once (422).
    case invalid([FieldProblem])
    /// Something else, by its kind and code.
    case refused(Refusal)

    /// A refusal of one kind.
    public static func refused(_ kind: Refusal.Kind, _ code: String, _ message: String) -> ServiceError {
        .refused(Refusal(kind: kind, code: code, message: message))
    }

    /// One field that can't be taken.
    public static func invalid(_ field: String, _ message: String, type: String = "value_error") -> ServiceError {
        .invalid([FieldProblem(location: ["body", field], message: message, type: type)])
    }

    /// Unknown and foreign are the same to who asks.
    static func notFound(_ what: String) -> ServiceError {
        .refused(.notFound, "not_found", "There is no such \(what) in this organization and environment.")
    }
}

/// A refusal that is about the call as a whole.
public struct Refusal: Sendable, Hashable {
    /// What kind of HTTP status it is.
    public enum Kind: Sendable, Hashable {
        case badRequest, unauthorized, forbidden, notFound, conflict, tooManyRequests, notImplemented, unavailable
    }
    /// The kind.
    public var kind: Kind
    /// The closed list is in the API's document.
    public var code: String
    /// What happened, and what to change.
    public var message: String
    /// After so long it may go; nil: that is not known.
    public var retryAfterSeconds: Int?
}

/// A field of a request that can't be taken, as FastAPI tells it.
public struct FieldProblem: Sendable, Hashable {
    /// Where: `body` or `query`, then names and indexes.
    public var location: [String]
    /// What is wrong with it.
    public var message: String
    /// FastAPI's word for the kind of problem: `missing`, `string_type`, `extra_forbidden`, `value_error`, ….
    public var type: String

    /// All parts.
    public init(location: [String], message: String, type: String) {
        self.location = location
        self.message = message
        self.type = type
    }
}
