import DredgeBase
import Foundation
import Logging
import SimulatedWorld
import TestServers
import Testing

@testable import Dredge

/// Plans from an inventory. The files are written by hand as S3 documents them, and compressed by the machine's gzip.
@Suite struct InventoryTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    /// Writes an inventory as S3 lays it out; returns the manifest's path.
    private func write(
        _ files: [String: String], schema: String = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag",
        format: String = "CSV", layout: String = "../data/", sized: Bool = true
    ) throws -> String {
        let manifest = folder.appendingPathComponent("2026-11-01T00-00Z")
        let data = manifest.appendingPathComponent(layout)
        for place in [manifest, data] {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        }
        for (name, text) in files {
            let path = data.appendingPathComponent(name)
            try Data(text.utf8).write(to: path)
            guard name.hasSuffix(".gz") else { continue }
            try FileManager.default.moveItem(at: path, to: path.deletingPathExtension())
            let gzip = try Process.run(
                URL(fileURLWithPath: "/usr/bin/env"), arguments: ["gzip", path.deletingPathExtension().path])
            gzip.waitUntilExit()
        }
        let path = manifest.appendingPathComponent("manifest.json")
        let list = try files.keys.sorted().map { name in
            let size = sized ? "\(try Data(contentsOf: data.appendingPathComponent(name)).count)" : "null"
            return "{\"key\":\"inv/bucket/all/data/\(name)\",\"size\":\(size),\"MD5checksum\":\"-\"}"
        }
        try Data(
            """
            {"sourceBucket":"bucket","destinationBucket":"arn:aws:s3:::other","version":"2016-11-30",
             "creationTimestamp":"1772323200000","fileFormat":"\(format)","fileSchema":"\(schema)",
             "files":[\(list.joined(separator: ","))]}
            """.utf8
        ).write(to: path)
        return path.path
    }

    private func plan(_ manifest: String, prefix: String = "", include: [String] = []) async throws -> SourcePlan {
        var source = Source(bucket: "bucket", auth: .anonymous)
        source.prefix = prefix
        source.include = include
        // Nothing may be asked of the world.
        let world = FakeWorld(buckets: [:], seed: 0, faultPercentage: 100)
        let engine = Engine(
            limits: .default, base: Workbench.anyKeys, environment: [:], world: world,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let plan = try await engine.plan([source], against: nil, inventories: [Inventory(manifest: manifest)])
        await engine.shutDown()
        return plan.sources[0]
    }

    private static let rows = [
        #""bucket","a/one+two%2B.txt","v1","true","false","10","d41d8cd98f00b204e9800998ecf8427e""#,
        #""bucket","a/one+two%2B.txt","v0","false","false","9","old""#,
        #""bucket","a/gone.txt","v2","true","true","","""#, #"bucket,a/%C3%BC.md,,true,false,20000000,e-3"#,
        #""bucket","b/empty","v1","true","false","0","x""#, "",
    ]

    @Test(arguments: ["../data/", "data/", ""])
    func `the objects that there are now are planned, from all files`(layout: String) async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let manifest = try write(
            [
                "one.csv.gz": Self.rows.joined(separator: "\n"), "two.csv": "bucket,z,,true,false,5,\"q\"\"\"\r\n",
                "none.csv": "",
            ], layout: layout)
        var plan = try await plan(manifest)
        #expect(plan.listed.objects == 4 && plan.listed.bytes == 20_000_015)
        #expect(plan.toFetch.objects == 3 && plan.getCount == 5 && plan.skippedReasons == ["empty": 1])
        #expect(plan.pageCount == 1)
        plan = try await self.plan(manifest, prefix: "a/", include: ["a/one two+.txt"])
        #expect(plan.listed.objects == 2 && plan.toFetch.objects == 1 && plan.toFetch.bytes == 10)
    }

    @Test func `thousands of rows in no order are counted once each`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var generator = SeededGenerator(seed: 3)
        print("seed 3")
        let rows = (0..<5_000).map { "bucket,\($0),,true,false,\($0 + 1),e" }.shuffled(using: &generator)
        let plan = try await plan(try write(["x.csv.gz": rows.joined(separator: "\n")]))
        #expect(plan.listed.objects == 5_000 && plan.listed.bytes == 5_000 * 5_001 / 2)
    }

    @Test(
        arguments: [
            ("bucket,k,,true,false,many,e", "row 1: the size is many"),
            ("bucket,a,,true,false,1,e\nbucket,k%2,,true,false,1,e", "row 2: the key is missing"),
            ("bucket,\"k,,true,false,1,e", "the file ends in a quoted field"),
        ])
    func `a row that can't be right ends the plan, and is named`(text: String, words: String) async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let manifest = try write(["x.csv": text])
        let error = await #expect(throws: RunError.self) { try await plan(manifest) }
        #expect(error?.message.contains(words) == true && error?.message.contains("x.csv") == true, "\(error as Any)")
    }

    @Test func `a file that is cut off is told from one that is whole`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let rows = (0..<20_000).map { "bucket,\($0 &* 7_919),,true,false,1,\($0)" }.joined(separator: "\n")
        let manifest = try write(["x.csv.gz": rows], sized: false)
        let path = folder.appendingPathComponent("data/x.csv.gz")
        let whole = try Data(contentsOf: path)
        for count in [whole.count / 2, whole.count - 4] {
            try whole.prefix(count).write(to: path)
            let error = await #expect(throws: RunError.self) { try await plan(manifest) }
            #expect(error?.message.contains("damaged or cut off") == true, "\(error as Any)")
        }
    }

    @Test func `a file of another size than the manifest says is refused`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let manifest = try write(["x.csv": "bucket,k,,true,false,1,e\nbucket,l,,true,false,1,e\n"])
        try Data("bucket,k,,true,false,1,e\n".utf8).write(to: folder.appendingPathComponent("data/x.csv"))
        let error = #expect(throws: RunError.self) { try Inventory(manifest: manifest) }
        #expect(error?.message.contains("has 25 bytes, and 50 by the manifest") == true, "\(error as Any)")
    }

    @Test func `what is no inventory that is read is refused, with what to do`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        func message(_ path: String) -> String {
            do throws(RunError) {
                _ = try Inventory(manifest: path)
                return ""
            } catch {
                return "\(error.message) \(error.advice)"
            }
        }
        #expect(message("/nowhere/manifest.json").contains("It is not there"))
        #expect(message(try write(["x.orc": ""], format: "ORC")).contains("written as CSV or Parquet"))
        #expect(message(try write(["x.csv": ""], schema: "Bucket, Key")).contains("no Size"))
        let manifest = try write(["y.csv": ""])
        try FileManager.default.removeItem(at: folder.appendingPathComponent("data/y.csv"))
        #expect(message(manifest).contains("names the file inv/bucket/all/data/y.csv"))
        try Data("[]".utf8).write(to: URL(fileURLWithPath: manifest))
        #expect(message(manifest).contains("no manifest of S3 Inventory"))
    }
}
