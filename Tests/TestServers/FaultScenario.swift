public import Foundation

/// What a service does to a run, and what must become of every object: one file of `Tests/Scenarios`, whose `README.md`
/// describes the format.
public struct FaultScenario: Codable, Sendable {
    /// What happens, in a sentence.
    public var about: String
    /// How the service is, apart from its faults; nil: as the scripted server is by itself.
    public var service: Service?
    /// What lies in the bucket.
    public var objects: [Objects]
    /// What goes wrong. The first that fits a request is applied to it.
    public var faults: [ScriptedS3Server.Fault]
    /// What the run is given.
    public var settings: Settings?
    /// Whether an undisturbed run has filled the store before.
    public var isSecondRun: Bool?
    /// How the run ends.
    public var end: End
    /// Why removals are withheld; nil: none are.
    public var withheld: String?
    /// Documents that go because they are not listed any more; nil: none.
    public var removedCount: Int?
    /// How the binary exits, with its own limits; nil: it isn't asked.
    public var exitCode: Int32?
    /// What the store holds at the end.
    public var content: Content
    /// The state of each object at the end, with the reason behind a colon, by key, or by a beginning of keys and `*`.
    /// `absent`: the store has no row of it; `any`: that can't be told.
    public var account: [String: String]

    /// The service.
    public struct Service: Codable, Sendable {
        /// Keys of a page of a listing, at the most.
        public var pageSize: Int?
        /// Where the bucket is.
        public var region: String?
        /// How a wrong region is told.
        public var regionAnswer: ScriptedS3Server.RegionAnswer?
        /// Seconds by which its clock is ahead.
        public var clockOffset: Double?
        /// A role must be assumed, for sessions of so many seconds.
        public var sessionSeconds: Double?
    }

    /// Objects of text that is made of a seed.
    public struct Objects: Codable, Sendable {
        /// Their keys; with a `count`, what numbered keys begin with.
        public var keys: [String]
        /// Bytes of each.
        public var size: Int
        /// Of the first one's text; the next ones have the next seeds.
        public var seed: UInt64
        /// So many for each of `keys`; nil: the one.
        public var count: Int?
    }

    /// What the run is given. Waits are a twentieth of what they are in earnest; these times are not.
    public struct Settings: Codable, Sendable {
        /// Bytes of a part; nil: 64 KiB.
        public var partByteCount: Int?
        /// Attempts of a request (`AWS_MAX_ATTEMPTS`); nil: the default.
        public var attemptCount: Int?
        /// Seconds that the run waits for a source that fails as a whole; nil: 60.
        public var outagePatience: Double?
        /// Seconds without a byte, after which an answer has stalled; nil: 30.
        public var progressTimeout: Double?
        /// Seconds in which a body must bring `floorByteCount` bytes; nil: 60.
        public var floorPeriod: Double?
        /// See `floorPeriod`.
        public var floorByteCount: Int?
    }

    /// How a run ends.
    public enum End: Codable, Sendable, Hashable, CustomStringConvertible {
        /// All is as it should be.
        case complete
        /// It came to its end, but objects failed, or removals are withheld.
        case incomplete
        /// An error of this code ended it.
        case fatal(String)

        /// As the files have it.
        public var description: String {
            switch self {
            case .complete: "complete"
            case .incomplete: "incomplete"
            case .fatal(let code): "fatal: \(code)"
            }
        }

        /// As the files have it.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            switch text {
            case "complete": self = .complete
            case "incomplete": self = .incomplete
            case _ where text.hasPrefix("fatal: "): self = .fatal(String(text.dropFirst(7)))
            default: throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no end")
            }
        }

        /// As the files have it.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(description)
        }
    }

    /// What a store holds at the end.
    public enum Content: String, Codable, Sendable {
        /// What an undisturbed run leaves in it.
        case undisturbed
        /// Something else: objects are missing, or have been replaced.
        case other
        /// Nothing that can be told: it depends on the order in which things happened.
        case any
    }
}

extension FaultScenario {
    /// The names of all scenarios: the files' without `.json`.
    public static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }()

    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Scenarios")

    /// Reads a scenario. Throws what is wrong with it, also a key that means nothing.
    public init(named name: String) throws {
        try self.init(Data(contentsOf: Self.directory.appending(path: "\(name).json")))
    }

    /// Reads the text of a file.
    public init(_ json: Data) throws {
        self = try JSONDecoder().decode(Self.self, from: json)
        let written = try JSONSerialization.jsonObject(with: json)
        let read = try JSONSerialization.jsonObject(with: JSONEncoder().encode(self))
        if let path = Self.unread(written, read, at: "") {
            throw ServerProblem(description: "\(path) means nothing in a scenario")
        }
        for key in keys where state(of: key) == nil {
            throw ServerProblem(description: "the account says nothing of \(key)")
        }
    }

    /// Where in `written` something stands that `read` does not have; nil: nowhere.
    private static func unread(_ written: Any, _ read: Any, at path: String) -> String? {
        if let written = written as? [String: Any] {
            let read = read as? [String: Any] ?? [:]
            return written.keys.sorted().lazy.compactMap { key in
                guard let value = written[key], let other = read[key] else { return "\(path).\(key)" }
                return unread(value, other, at: "\(path).\(key)")
            }.first
        }
        guard let written = written as? [Any], let read = read as? [Any] else { return nil }
        return zip(written, read).enumerated().lazy.compactMap { index, pair in
            unread(pair.0, pair.1, at: "\(path)[\(index)]")
        }.first
    }

    /// The keys of all objects.
    public var keys: [String] { objects.flatMap(\.all).map(\.key) }

    /// What the account says of a key.
    public func state(of key: String) -> String? {
        if let state = account[key] { return state }
        let patterns = account.keys.filter { $0.hasSuffix("*") && key.hasPrefix($0.dropLast()) }
        return patterns.max { $0.count < $1.count }.flatMap { account[$0] }
    }

    /// What the server plays for it.
    public var disturbed: ScriptedS3Server.Scenario {
        var scenario = undisturbed
        scenario.faults = faults
        scenario.region = service?.region
        if let answer = service?.regionAnswer { scenario.regionAnswer = answer }
        if let offset = service?.clockOffset { scenario.clockOffset = offset }
        if let seconds = service?.sessionSeconds { scenario.sts = .init(sessionSeconds: seconds) }
        return scenario
    }

    /// The same objects in a service that does as it should.
    public var undisturbed: ScriptedS3Server.Scenario {
        var scenario = ScriptedS3Server.Scenario(
            objects: objects.flatMap(\.all).map { key, seed, size in
                var maker = TextMaker(seed: seed)
                return .init(key, body: maker.text(byteCount: size))
            })
        if let size = service?.pageSize { scenario.pageSize = size }
        return scenario
    }
}

extension FaultScenario.Objects {
    /// Each one's key, seed and size.
    fileprivate var all: [(key: String, seed: UInt64, size: Int)] {
        let all = keys.flatMap { key in
            count.map { count in (0..<count).map { "\(key)\(String($0 + 1_000).dropFirst())" } } ?? [key]
        }
        return all.enumerated().map { ($1, seed + UInt64($0), size) }
    }
}
