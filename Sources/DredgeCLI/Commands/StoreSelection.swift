import ArgumentParser
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore

/// Where the objects are that a command is about: those to which all of the options apply.
struct PlaceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only keys that begin with this.", valueName: "prefix"))
    var prefix = ""

    @Option(help: ArgumentHelp("Only objects of this bucket.", valueName: "bucket"))
    var bucket: String?

    @OptionGroup var source: SourceOption

    var prefixBytes: [UInt8] { Array(prefix.utf8) }

    /// The objects of a store or a job. Of a source that it has not, there are none.
    func objects(in content: ContentArgument.Content) async throws -> ContentObjects {
        switch content {
        case .store(let store):
            let objects = store.objects(prefix: prefixBytes, bucket: bucket, source: source.source)
            return .store(objects.makeAsyncIterator())
        case .catalog(let reader):
            return .catalog(
                try await reader.objects(.init(prefix: prefixBytes, bucket: bucket, source: source.source)))
        }
    }
}

/// The objects that a command is about: those to which all of the options apply.
struct SelectionOptions: ParsableArguments {
    @OptionGroup var place: PlaceOptions

    @Option(help: ArgumentHelp("Only objects in this state: \(ObjectState.names).", valueName: "state"))
    var state: String?

    @Option(
        help: ArgumentHelp(
            "Only what this run of the store or a later one has stored: an ID, as stats shows it, or latest.",
            valueName: "run"))
    var sinceRun: String?

    @Option(
        help: ArgumentHelp(
            "Of a job: only what this job or one behind it has stored: an ID, its URL, or latest.", valueName: "job"))
    var since: String?

    func validate() throws {
        if let state, ObjectState(rawValue: state) == nil {
            throw ValidationError("--state \(Quoting.quoted(state)) is not a state: \(ObjectState.names)")
        }
    }

    var objectState: ObjectState? { state.flatMap(ObjectState.init) }

    /// The objects of a store or a job. Throws where it has no such source, run or job.
    func objects(in content: ContentArgument.Content) async throws -> ContentObjects {
        try await place.source.check(in: content)
        switch content {
        case .store(let store):
            let objects = store.objects(
                prefix: place.prefixBytes, state: objectState, bucket: place.bucket, source: place.source.source,
                sinceRun: try await run(in: store))
            return .store(objects.makeAsyncIterator())
        case .catalog(let reader): return .catalog(try await reader.objects(try selection(in: reader)))
        }
    }

    /// The run that `--since-run` names; nil: none.
    func run(in store: ChunkStore) async throws -> RunID? {
        if since != nil {
            throw CommandFailure(.usage, "dredge: --since is for jobs; what a run has stored is --since-run RUN.")
        }
        guard let sinceRun else { return nil }
        return try await store.run(named: sinceRun)
    }

    func selection(in reader: CatalogReader) throws -> CatalogReader.Selection {
        if sinceRun != nil {
            throw CommandFailure(.usage, "dredge: a job has no runs; what a job has stored is --since JOB.")
        }
        return .init(
            prefix: place.prefixBytes, bucket: place.bucket, source: place.source.source, state: objectState,
            since: try job(in: reader))
    }

    /// The job that `--since` names; nil: none.
    private func job(in reader: CatalogReader) throws -> String? {
        guard let since else { return nil }
        if since == "latest" { return reader.catalog.job }
        if let id = JobPlace.id(since), reader.hasJob(id) { return id }
        let jobs = (reader.catalog.since + [reader.catalog.job]).joined(separator: ", ")
        throw CommandFailure(
            .usage, "dredge: --since \(Quoting.quoted(since)) is none of the jobs that this one stands for: \(jobs).")
    }
}

/// The source that a command is about.
struct SourceOption: ParsableArguments {
    @Option(help: ArgumentHelp("Only objects of this source.", valueName: "name"))
    var source: String?

    /// Throws where there is no such source.
    func check(in content: ContentArgument.Content) async throws {
        guard let source else { return }
        switch content {
        case .store(let store): try await store.requireSource(source)
        case .catalog(let reader):
            if reader.hasSource(source) { return }
            throw CommandFailure(
                .usage, "dredge: the job has no source \(Quoting.quoted(source)). Its config names its sources.")
        }
    }
}

/// The objects of a store or a job, in order of (bucket, key bytes, source).
enum ContentObjects {
    case store(StoredObjects.AsyncIterator)
    case catalog(CatalogReader.Objects)

    /// The next one; nil: there are no more.
    mutating func next() async throws -> StoredObject? {
        switch self {
        case .store(var objects):
            let object = try await objects.next()
            self = .store(objects)
            return object
        case .catalog(let objects): return try await objects.next()?.object
        }
    }
}

extension ObjectState {
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
