#if os(Linux)
    import Foundation
    import TestServers
    import Testing

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #endif

    /// A file system without room for what a run brings.
    @Suite(.timeLimit(.minutes(30)), .enabled(if: SmallDisk.isPossible, "only root can mount a small file system"))
    struct FullDiskTests {
        @Test func `I4: a full disk ends the run, and the store opens and is gone on with`() async throws {
            var text = SampleText(seed: 61)
            let bodies = Dictionary(
                uniqueKeysWithValues: (10..<40).map { ("\($0).txt", text.noise(byteCount: 100_000)) })
            let server = try await ScriptedS3Server(.init(objects: bodies.map { .init($0.key, body: $0.value) }))
            defer { server.stop() }
            let disk = try SmallDisk(byteCount: 2 << 20)
            let directory = try TemporaryDirectory()
            let config = """
                limits: {part: 64KiB, memory: 64MiB, requests: 8}
                sources: [{bucket: bucket, endpoint_url: "\(server.endpointURL)", region: us-east-1, auth: anonymous}]
                """
            let store = StoreFile("\(disk.path)/s.chunks")
            try directory.write("c.yaml", config + "\nstore: \(store.path)\n")

            let full = try await DredgeBinary.run(["run", "c.yaml"], directory: directory.url)
            #expect(full.status == 3, "\(full)")
            Refusal.expect(
                [
                    "could not write to the store", "No space is left for \(store.path)", "bytes are free",
                    "Free some space",
                ],
                inOrderIn: try Refusal.paragraph(full))
            try await store.verified()
            for (key, text) in try await store.texts() { #expect(text == bodies[key], "\(key)") }

            try disk.grow(to: 32 << 20)
            let resumed = try await DredgeBinary.run(["run", "c.yaml"], directory: directory.url)
            #expect(resumed.status == 0, "\(resumed)")
            #expect(try await store.texts() == bodies)
            let elsewhere = StoreFile("undisturbed.chunks", in: directory)
            let undisturbed = try await DredgeBinary.run(
                ["run", "c.yaml", "--store", elsewhere.path], directory: directory.url)
            #expect(undisturbed.status == 0, "\(undisturbed)")
            #expect(try await store.digest() == elsewhere.digest())
        }
    }

    /// A file system in memory, unmounted with its last user.
    private final class SmallDisk {
        private let directory: TemporaryDirectory
        var path: String { directory.url.path }

        init(byteCount: Int) throws {
            directory = try TemporaryDirectory()
            try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0)
        }

        func grow(to byteCount: Int) throws {
            try #require(mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT), "size=\(byteCount)") == 0)
        }

        deinit { umount2(path, Int32(MNT_DETACH)) }

        /// Containers often don't let root do it either.
        static var isPossible: Bool { getuid() == 0 && (try? SmallDisk(byteCount: 64 << 10)) != nil }
    }
#endif
