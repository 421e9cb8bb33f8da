// What stands between the marks is the README's example; a test compares the two, and another runs it.
// example begins
import Dredge

func index(
    bucket: String, roleARN: String, externalID: String, into path: String, with engine: Engine
) async throws -> RunReport {
    let store = try ChunkStore.open(at: path, settings: IndexSettings(chunking: .lines(maxTokens: 512)))
    let source = Source(
        bucket: bucket, prefix: "2025", auth: .assumeRole([RoleHop(roleARN: roleARN, externalID: externalID)]),
        include: ["**/*.txt"])
    let run = engine.run([source], into: store)
    for await progress in run.progress { print(progress.doneCount, progress.tokenCount) }
    let report = try await run.report()  // every listed object accounted for
    for try await chunk in store.chunks(of: "2025/a.txt") {
        print(chunk.byteOffset, chunk.tokenCount, chunk.string.prefix(40))
    }
    return report
}
// example ends

import Foundation
import Testing
import TestServers

@Suite struct EmbeddingExampleTests {
    @Test func theReadmeShowsThisCode() throws {
        let code = try String(contentsOfFile: #filePath, encoding: .utf8)
        let begin = try #require(code.range(of: "// example begins\n"))
        let end = try #require(code.range(of: "// example ends\n"))
        let readme = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "README.md")
        let example = code[begin.upperBound..<end.lowerBound]
        let text = try String(contentsOf: readme, encoding: .utf8)
        #expect(text.contains("```swift\n" + example + "```"))
    }

    @Test func itIndexesABucketThroughARole() async throws {
        let moto = try await MotoServer()
        defer { moto.stop() }
        let outcome = try await moto.apply(
            .vendorAndCustomer(
                externalID: "readme-1",
                objects: [
                    .init("2025/a.txt", Data("one line\nand another\n".utf8)), .init("2025/b.log", Data("no".utf8)),
                ]))
        let key = try #require(outcome.accessKeys["vendor"])
        let bench = try Workbench()
        let engine = try Engine(
            base: .fixed(Credentials(accessKeyID: key.id, secretAccessKey: key.secret)),
            environment: ["AWS_ENDPOINT_URL": moto.endpointURL])
        let report = try await index(
            bucket: "acme-contracts", roleARN: MotoScenario.roleARN("customer-read"), externalID: "readme-1",
            into: bench.path("store"), with: engine)
        #expect(report.indexed.objects == 1)
        #expect(report.skippedReasons == ["filtered": 1])
    }
}
