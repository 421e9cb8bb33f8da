import Dredge
import DredgeAWS

/// What a config file may hold. The ranges are wide: they are there to find a wrong unit or a zero too many.
package enum ConfigLimits {
    /// A thousand sources with long role chains fit several times over.
    package static let fileByteCountMax = 1 << 20
    /// Values that are looked at, with aliases expanded: an alias has a few bytes and may stand for thousands of
    /// values.
    static let valueCountMax = 100_000
    /// Time for the YAML parser. Only a file made to be slow (aliases of aliases as keys) comes near it.
    static let parseSecondsMax = 5.0
    /// Repeated keys that are found in one file; each costs a parse of the file.
    static let duplicateKeyCountMax = 32

    package static let memoryByteCount = (32 << 20)...(1 << 40)
    static let partByteCount = Limits.partByteCountMin...Limits.partByteCountMax
    package static let requestCount = 1...Limits.requestCountMax
    /// 0: as many as there are cores.
    static let workerCount = 0...Limits.workerCountMax

    /// Zero: an outage ends a run at once.
    package static let outagePatienceSeconds = 0...(7 * 86_400)
    /// Documents that a complete listing may leave over before their removal is withheld.
    static let deletionCount = 0...1_000_000_000

    /// Sizes by which objects are chosen.
    package static let objectByteCount = 0...(1 << 50)

    static let nameByteCountMax = 128
    /// S3 allows 1,024 bytes in a key, so no longer prefix can match.
    static let prefixByteCountMax = 1024

    /// Of a server.
    static let runningJobCount = 1...256
    static let openJobCount = 1...1_000_000
    static let requestRate = 1...1_000_000
    static let jobQuota = 0...1_000_000_000
    static let byteQuota = 0...(1 << 60)

    /// `DurationSeconds` of AssumeRole.
    package static let sessionSeconds = seconds(AWSLimits.durationMin)...seconds(AWSLimits.durationMax)
    static let roleARNLength = 20...2048

    private static func seconds(_ duration: Duration) -> Int { Int(duration.components.seconds) }
}
