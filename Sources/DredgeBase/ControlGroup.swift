#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the control group of this process allows: containers and batch schedulers limit processes by it.
///
/// Reads Linux's files of version 2 (`memory.max`, `cpu.max`,
/// <https://docs.kernel.org/admin-guide/cgroup-v2.html>) and of version 1 (`memory.limit_in_bytes`,
/// `cpu.cfs_quota_us`, <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>,
/// <https://docs.kernel.org/scheduler/sched-bwc.html>). A group is bound by those above it too, so the least counts.
/// Elsewhere nothing is limited.
package struct ControlGroup: Sendable, Hashable {
    /// The most memory that the group may have, in bytes; nil: no limit.
    package var memoryByteCount: Int?
    /// How many cores' time the group may use; nil: no limit.
    package var coreCount: Double?

    /// This process's, as it was when somebody first asked.
    package static let current = ControlGroup(root: "")

    /// Reads the files below `root`, which stands for `/`.
    package init(root: String) {
        let groups = Self.text(root + "/proc/self/cgroup")?.split(separator: "\n") ?? []
        for group in groups {
            // hierarchy-ID:controller-list:path
            let parts = group.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            for path in Self.pathAndAncestors(String(parts[2])) {
                if controllers.isEmpty {
                    readSecondVersion(root + "/sys/fs/cgroup" + path)
                } else {
                    for controller in controllers {
                        readFirstVersion(root + "/sys/fs/cgroup/\(controller)" + path, String(controller))
                    }
                }
            }
        }
    }

    private mutating func readSecondVersion(_ directory: String) {
        limitMemory(Self.number(directory + "/memory.max"))
        let quota = Self.text(directory + "/cpu.max")?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
        if quota.count == 2 { limitCores(quota: Int(quota[0]), period: Int(quota[1])) }
    }

    private mutating func readFirstVersion(_ directory: String, _ controller: String) {
        switch controller {
        case "memory": limitMemory(Self.number(directory + "/memory.limit_in_bytes"))
        case "cpu":
            limitCores(
                quota: Self.number(directory + "/cpu.cfs_quota_us"),
                period: Self.number(directory + "/cpu.cfs_period_us"))
        default: break
        }
    }

    private mutating func limitMemory(_ byteCount: Int?) {
        // Version 1 writes the largest multiple of a page where there is no limit.
        guard let byteCount, byteCount > 0, byteCount < 1 << 60 else { return }
        memoryByteCount = min(byteCount, memoryByteCount ?? .max)
    }

    private mutating func limitCores(quota: Int?, period: Int?) {
        guard let quota, let period, quota > 0, period > 0 else { return }
        coreCount = min(Double(quota) / Double(period), coreCount ?? .infinity)
    }

    /// `/a/b`, `/a` and the root, which is where a container sees its own group, whatever the path says.
    private static func pathAndAncestors(_ path: String) -> [String] {
        let names = path.split(separator: "/")
        return (0...names.count).reversed().map { names.prefix($0).map { "/" + $0 }.joined() }
    }

    private static func text(_ path: String) -> String? {
        // Such a file has no size that could be asked for first.
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    private static func number(_ path: String) -> Int? { text(path).flatMap { Int($0.filter { !$0.isWhitespace }) } }
}
