import DredgeStore
import DredgeText
import Testing

@testable import Dredge

@Suite struct IndexSettingsTests {
    @Test func `settings come back from their names`() {
        for overlapTokens in [0, 64] {
            let settings = IndexSettings(
                tokenizer: .cl100kBase, chunking: .lines(maxTokens: 128, overlapTokens: overlapTokens))
            #expect(IndexSettings(named: settings.named) == settings)
        }
    }

    @Test func `I1: a store of the first rule for overlaps is refused, and can be read`() async throws {
        let bench = try Workbench()
        let settings = IndexSettings(chunking: .lines(overlapTokens: 64))
        var earlier = settings.named
        earlier["chunking.strategy"] = "lines"
        #expect(IndexSettings(named: earlier) == nil)
        try ChunkStore.open(at: bench.path("store"), settings: earlier).close()
        let error = #expect(throws: StoreError.self) {
            try ChunkStore.open(at: bench.path("store"), settings: settings)
        }
        #expect(error?.code == .otherSettings)
        #expect(error?.message.contains("inside runs of blank lines") == true)
        #expect(error?.advice.contains("another store") == true)
        #expect(try ChunkStore.open(reading: bench.path("store")).settings == earlier)
    }

    @Test func `a store without overlaps has the names that it always had`() {
        #expect(
            IndexSettings().named == [
                "tokenizer": "o200k_base", "chunking.strategy": "lines", "chunking.max_tokens": "512",
                "chunking.overlap_tokens": "0",
            ])
    }
}
