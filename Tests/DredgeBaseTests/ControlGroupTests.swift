import Foundation
import Testing

@testable import DredgeBase

@Suite struct ControlGroupTests {
    /// A file system with these files.
    private func group(_ files: [String: String]) throws -> ControlGroup {
        let root = FileManager.default.temporaryDirectory.appending(path: "group-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, text) in files {
            let file = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data((text + "\n").utf8).write(to: file)
        }
        return ControlGroup(root: root.path)
    }

    @Test func `without files, or with files that limit nothing, there is no limit`() throws {
        #expect(try group([:]) == group(["proc/self/cgroup": "0::/"]))
        let unlimited = try group([
            "proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "max", "sys/fs/cgroup/cpu.max": "max 100000",
        ])
        #expect(unlimited.memoryByteCount == nil && unlimited.coreCount == nil)
        let strange = try group([
            "proc/self/cgroup": "a\n0:", "sys/fs/cgroup/memory.max": "-1", "sys/fs/cgroup/cpu.max": "0 0",
        ])
        #expect(strange == unlimited)
    }

    @Test func `the least limit of a group and those above it counts`() throws {
        let limited = try group([
            "proc/self/cgroup": "0::/jobs/one",
            "sys/fs/cgroup/memory.max": "max", "sys/fs/cgroup/jobs/memory.max": "536870912",
            "sys/fs/cgroup/jobs/one/memory.max": "1073741824",
            "sys/fs/cgroup/jobs/one/cpu.max": "150000 100000", "sys/fs/cgroup/jobs/cpu.max": "400000 100000",
        ])
        #expect(limited.memoryByteCount == 512 << 20 && limited.coreCount == 1.5)
    }

    @Test func `a container sees its own group at the root, whatever its path is`() throws {
        let limited = try group([
            "proc/self/cgroup": "0::/../system.slice/x.scope", "sys/fs/cgroup/memory.max": "268435456",
            "sys/fs/cgroup/cpu.max": "50000 100000",
        ])
        #expect(limited.memoryByteCount == 256 << 20 && limited.coreCount == 0.5)
    }

    @Test func `version 1 has a directory for each controller`() throws {
        let limited = try group([
            "proc/self/cgroup": "4:memory:/docker/1\n2:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "2147483648",
            "sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us": "100000",
        ])
        #expect(limited.memoryByteCount == 2 << 30 && limited.coreCount == 3)
    }
}
