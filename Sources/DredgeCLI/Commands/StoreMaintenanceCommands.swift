import ArgumentParser
import DredgeConfig
import DredgeLedger
import DredgeService
import DredgeStore

struct StoreRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Drop what is damaged, and let the next run read it again.",
        discussion: """
            Writes what is sound into a new file, which takes the old one's place. Settings that were damaged are \
            restored from their copy. Objects that no run lists any more can't be read again. Where the settings or \
            the tables can't be made out, nothing is kept, and the damaged file is renamed to STORE-damaged.
            """,
        example: "dredge store repair contracts.chunks")

    @OptionGroup var store: StoreArgument

    @Flag(help: "Print the result as a line of JSON.")
    var json = false

    func run() throws {
        let report = try ChunkStore.repair(at: store.path)
        if json {
            Answer.give(report ?? StoreRewriteReport())
        } else {
            try StandardOutput.shared.write(report.map(RewriteText.repair) ?? "Sound: nothing to repair.\n")
        }
    }
}

struct StoreCompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Make the file as small as it can be.",
        discussion: """
            Writes all content into a new file, which takes the old one's place: without chunks of no object, and \
            without free pages. Needs room for it beside the old one.
            """,
        example: "dredge store compact contracts.chunks")

    @OptionGroup var store: StoreArgument

    @Flag(help: "Print the result as a line of JSON.")
    var json = false

    func run() throws {
        let report = try ChunkStore.compact(at: store.path)
        if json { Answer.give(report) } else { try StandardOutput.shared.write(RewriteText.compact(report)) }
    }
}

struct StoreForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Remove objects, with their text and their keys.",
        discussion: """
            Removes the objects to which all of the options apply, without asking, and every trace of their text. Of \
            their keys only what the config says itself is left: the prefixes of sources, and include and exclude \
            as past runs had them. Writes what is left into a new file, which takes the old one's place; needs room \
            for it. What the bucket still has comes back with the next run that lists it: take the source out of the \
            config, or exclude the keys. A source that the store has not is status 1, and nothing is done. A prefix \
            or key that nothing matches is status 0: then what was \
            removed before is erased. A search index beside the store is deleted; one that has its place by --index is \
            yours to delete.
            """,
        example: "dredge store forget contracts.chunks --prefix 2019/")

    @OptionGroup var store: StoreArgument

    @Option(help: ArgumentHelp("Objects of this source.", valueName: "name"))
    var source: String?

    @Option(help: ArgumentHelp("Objects whose keys begin with this.", valueName: "prefix"))
    var prefix: String?

    @Option(help: ArgumentHelp("The object with this key.", valueName: "key"))
    var key: String?

    @Flag(help: "Print the result as a line of JSON.")
    var json = false

    func validate() throws {
        if source == nil, prefix == nil, key == nil {
            throw ValidationError("say what to forget: --source, --prefix or --key")
        }
        if prefix?.isEmpty == true { throw ValidationError("--prefix is empty: that would be every key") }
    }

    func run() throws {
        let filter = ForgetFilter(
            source: source, prefix: prefix.map { Array($0.utf8) }, key: key.map { Array($0.utf8) })
        let report = try ChunkStore.forget(filter, at: store.path)
        if let index = try StoreSearch.delete(besides: store.path) {
            StandardError.write(
                "dredge: the search index \(Quoting.escaped(index)) was deleted, for it may have had words of them. "
                    + "`dredge store search \(Quoting.escaped(store.path)) --build` makes a new one.\n")
        }
        if json { Answer.give(report) } else { try StandardOutput.shared.write(RewriteText.forget(report)) }
    }
}

/// What became of a store that was written anew, for people.
enum RewriteText {
    static func repair(_ report: StoreRewriteReport) -> String {
        var lines = [
            "Repaired: \(dropped(report)) dropped, \(again(report)) to be read again."
        ]
        if report.hasLostSettings {
            lines.append("The settings were lost: the next run's hold, and all that the bucket has is read again.")
        }
        if let kept = kept(report) { lines.append(kept) }
        lines += report.problems.map { "  \(Quoting.escaped($0.description))" }
        lines.append("Index again: what was dropped is read from the bucket.")
        return lines.joined(separator: "\n") + "\n"
    }

    static func compact(_ report: StoreRewriteReport) -> String {
        "Compacted: \(bytes(report)), \(Figures.count(report.removedChunkCount, "chunk")) of no object removed.\n"
    }

    static func forget(_ report: StoreRewriteReport) -> String {
        (report.forgottenObjectCount == 0
            ? "No object matches: none is forgotten; "
            : "Forgotten: \(Figures.count(report.forgottenObjectCount, "object")); ")
            + "\(Figures.count(report.objectCount)) are left. \(bytes(report)).\n"
    }

    /// For a run that found its store damaged.
    static func warning(_ report: StoreRewriteReport, store: String) -> String {
        "dredge: \(Quoting.escaped(store)) was damaged, and is repaired: "
            + "\(dropped(report)) dropped, \(again(report)) to be read again"
            + (kept(report).map { ". \($0)" } ?? "")
    }

    private static func kept(_ report: StoreRewriteReport) -> String? {
        report.keptPath.map {
            "The damaged file is kept as \(Quoting.escaped($0)): what no bucket has any more is only there."
        }
    }

    /// Rows of objects that can't be read are not counted one by one.
    private static func again(_ report: StoreRewriteReport) -> String {
        if report.hasLostSettings { return "all objects" }
        let count = Figures.count(report.requeuedObjectCount + report.droppedObjectCount, "object")
        return report.droppedObjectCount > 0 ? "at least \(count)" : count
    }

    private static func dropped(_ report: StoreRewriteReport) -> String {
        Figures.count(report.droppedRowCount, "row") + " and "
            + Figures.count(report.droppedBatchCount, "batch", "batches")
    }

    private static func bytes(_ report: StoreRewriteReport) -> String {
        "\(Figures.bytes(report.byteCountBefore)) before, \(Figures.bytes(report.byteCountAfter)) now"
    }
}
