import Dredge
import DredgeBase
import Foundation
import Logging

extension CommandLog {
    /// A line of a run's progress, of which `text` tells people.
    func progress(_ text: String, _ progress: RunProgress) -> String {
        switch format {
        case .text: line(Date(), .info, text, [:])
        case .json: line(Date(), .info, "progress", Self.metadata(progress))
        }
    }

    private static func metadata(_ progress: RunProgress) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "listed": .stringConvertible(progress.listedCount), "done": .stringConvertible(progress.doneCount),
            "indexed": .stringConvertible(progress.indexedCount), "failed": .stringConvertible(progress.failedCount),
            "listing_complete": .stringConvertible(progress.isListingComplete),
            "fetched_bytes": .stringConvertible(progress.fetchedByteCount),
            "done_bytes": .stringConvertible(progress.doneByteCount),
            "planned_bytes": .stringConvertible(progress.plannedByteCount),
            "tokens": .stringConvertible(progress.tokenCount), "chunks": .stringConvertible(progress.chunkCount),
            "open_sources": .array(progress.openSources.map { "\($0)" }),
            "seconds": .stringConvertible((progress.elapsed.seconds * 1000).rounded() / 1000),
        ]
        if !progress.waits.isEmpty {
            metadata["waiting_for"] = .array(
                progress.waits.map { ["source": "\($0.source)", "since": "\(Timestamp.iso8601($0.since))"] })
        }
        if let silence = progress.silence {
            metadata["silent"] = [
                "requests": .stringConvertible(silence.requestCount), "first": "\(silence.first)",
                "since": "\(Timestamp.iso8601(silence.firstSince))",
            ]
        }
        return metadata
    }
}
