import DredgeLedger
import DredgeStore
import Foundation
import TestServers
import Testing

@testable import Dredge

/// Sources that read a part of a bucket, and leave what others read alone.
@Suite(.timeLimit(.minutes(30))) struct PartialSourceTests {
    private static let keys = ["a-old/1.txt", "a/1.txt", "a/2.txt", "b/1.txt", "b/2.txt"]

    private static func scenario(_ keys: [String] = keys) -> ScriptedS3Server.Scenario {
        ScriptedS3Server.Scenario(objects: keys.map { .init($0, body: Array("text of \($0)\n".utf8)) })
    }

    /// A part of the bucket, known to the store as the whole.
    private func source(at server: ScriptedS3Server, prefix: String = "") -> Source {
        var source = Workbench.source(at: server, prefix: prefix)
        source.storedPrefix = ""
        source.removal = RemovalRule(mode: .keep)
        return source
    }

    private func keys(_ bench: Workbench) async throws -> [String] {
        var keys: [String] = []
        let objects = try ChunkStore.open(reading: bench.path("store")).objects()
        for try await object in objects where object.content != nil {
            keys.append(String(decoding: object.key, as: UTF8.self))
        }
        return keys.sorted()
    }

    private func reads(_ server: ScriptedS3Server) throws -> Int {
        try server.requests().filter { $0.action == .get }.count
    }

    @Test func `parts of a bucket share its documents, and remove none of each other's`() async throws {
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([source(at: server, prefix: "a/")])
        #expect(try await keys(bench) == ["a/1.txt", "a/2.txt"])
        let whole = try await bench.run([source(at: server)])
        #expect(whole.indexed.objects == 3 && whole.unchanged.objects == 2 && whole.removedCount == 0)
        let part = try await bench.run([source(at: server, prefix: "b/")])
        #expect(part.unchanged.objects == 2 && part.listed.objects == 2 && part.removedCount == 0)
        #expect(try await keys(bench) == Self.keys)
        #expect(try reads(server) == 5)
        // It is the store of the whole bucket.
        let plain = try Workbench()
        try await plain.run([Workbench.source(at: server)])
        #expect(try await plain.digest() == bench.digest())
        try await bench.run([Workbench.source(at: server)])
        #expect(try reads(server) == 10, "the plain source reads nothing again")
    }

    @Test func `one object is all that is listed and read of its namesakes`() async throws {
        let keys = ["a", "a-old/1.txt", "a/1.txt", "ab", "b"]
        let server = try await ScriptedS3Server(Self.scenario(keys))
        defer { server.stop() }
        let bench = try Workbench()
        var one = source(at: server, prefix: "a")
        one.isOneObject = true
        let report = try await bench.run([one])
        #expect(report.listed.objects == 1 && report.indexed.objects == 1)
        #expect(try await self.keys(bench) == ["a"])
        one.prefix = "a/"
        let none = try await bench.run([one])
        #expect(none.listed.objects == 0 && none.outcome == .complete)
        #expect(try reads(server) == 1)
        // What is erased is nowhere in the file, not even as the prefix of a source.
        let name = "a-name-that-is-found-again"
        try server.play(Self.scenario(keys + [name]))
        one.prefix = name
        try await bench.run([one])
        let file = URL(filePath: bench.path("store"))
        #expect(try Data(contentsOf: file).range(of: Data(name.utf8)) != nil)
        _ = try ChunkStore.forget(ForgetFilter(key: Array(name.utf8)), at: bench.path("store"))
        #expect(try Data(contentsOf: file).range(of: Data(name.utf8)) == nil)
    }

    @Test func `a part of a bucket can't say what is gone`() async throws {
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        for change: (inout Source) -> Void in [
            { $0.removal = RemovalRule() }, { $0.storedPrefix = "b/" }, { $0.storedPrefix = "a/1.txt" },
            {
                $0.storedPrefix = nil
                $0.objectCountMax = 1
                $0.removal = RemovalRule()
            },
        ] {
            var source = source(at: server, prefix: "a/")
            change(&source)
            let error = await #expect(throws: RunError.self) { try await Workbench().run([source]) }
            #expect(error?.code == .invalidSource)
        }
        #expect(try server.requests().isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6])
    func `a listing ends behind so many objects, with no page more than it needs`(count: Int) async throws {
        var scenario = Self.scenario()
        scenario.pageSize = 2
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        var source = source(at: server)
        source.objectCountMax = count
        let report = try await bench.run([source])
        #expect(report.outcome == .complete && report.listed.objects == min(count, 5))
        #expect(try await keys(bench) == Array(Self.keys.prefix(count)))
        #expect(try server.requests().filter { $0.action == .list }.count == min(3, (count + 1) / 2))
        // What was there stays.
        source.objectCountMax = 1
        try await bench.run([source])
        #expect(try await keys(bench) == Array(Self.keys.prefix(count)))
    }

    @Test func `objects that the filters leave out are not counted`() async throws {
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        let bench = try Workbench()
        var source = source(at: server)
        source.objectCountMax = 2
        source.include = ["{a/2,b/*}.txt"]
        let report = try await bench.run([source])
        #expect(report.indexed.objects == 2 && report.skipped.objects == 2)
        #expect(try await keys(bench) == ["a/2.txt", "b/1.txt"])
    }

    @Test func `what is stored is read again where that is asked for`() async throws {
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        let bench = try Workbench()
        var source = source(at: server)
        try await bench.run([source])
        let digest = try await bench.digest()
        source.rereads = true
        let report = try await bench.run([source])
        #expect(report.indexed.objects == 5 && report.unchanged.objects == 0)
        #expect(try reads(server) == 10)
        #expect(try await bench.digest() == digest)
        source.rereads = false
        #expect(try await bench.run([source]).unchanged.objects == 5)
    }

    @Test func `a named run goes on with its own, and with no other`() async throws {
        var scenario = Self.scenario()
        scenario.faults = [.hang(on: .get).forKey("b/1.txt").times(-1)]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let engine = try Engine(base: Workbench.anyKeys, environment: [:])
        func run(_ name: String, stopsAtHang: Bool) async throws -> RunReport {
            let store = try ChunkStore.open(at: bench.path("store"), settings: IndexSettings())
            defer { try? store.close() }
            let hangs = try server.requests().filter { $0.fault == "hang" }.count
            let run = engine.run([source(at: server)], into: store, named: name)
            while stopsAtHang, try server.requests().filter({ $0.fault == "hang" }).count == hangs {
                try await Task.sleep(for: .milliseconds(10))
            }
            if stopsAtHang { run.stop() }
            return try await run.report()
        }
        let first = try await run("one", stopsAtHang: true)
        #expect(first.outcome == .stopped && first.id == "one" && !first.isResumed)
        let own = try await run("one", stopsAtHang: true)
        #expect(own.outcome == .stopped && own.isResumed)
        try server.play(Self.scenario())
        let other = try await run("two", stopsAtHang: false)
        #expect(other.outcome == .complete && other.id == "two" && !other.isResumed && other.listed.objects == 5)
        await engine.shutDown()
        #expect(try await keys(bench) == Self.keys)
    }

    @Test func `a quoted key matches itself alone`() throws {
        for key in ["a", "*", "a?b", "[x]", "{a,b}", "\\", "a\\*", "!", "ü[", "a,b", "日本/{}", "e\u{301}*", "*\u{301}"] {
            let pattern = try GlobPattern(GlobPattern.quoted(key))
            #expect(pattern.matches(Array(key.utf8)), "\(key)")
            for other in ["", "x", "x/" + key, key + "x", "x" + key, "b", "ab", "axb"] where other != key {
                #expect(!pattern.matches(Array(other.utf8)), "\(key) on \(other)")
            }
        }
    }

    @Test func `a quoted key of random characters matches itself, whatever they are`() throws {
        let seed = UInt64.random(in: 0...999_999)
        var generator = SeededGenerator(seed: seed)
        let characters = Array("ab*?[]{}\\/!-,^ é\u{301}日")
        for _ in 0..<2_000 {
            let key = String(
                (0..<1 + generator.next(below: 12)).map { _ in
                    characters[generator.next(below: characters.count)]
                })
            let other = String(key.reversed())
            let pattern = try GlobPattern(GlobPattern.quoted(key))
            #expect(pattern.matches(Array(key.utf8)), "seed \(seed): \(key)")
            let isSame = Array(other.utf8) == Array(key.utf8)
            #expect(pattern.matches(Array(other.utf8)) == isSame, "seed \(seed): \(key)")
        }
    }
}
