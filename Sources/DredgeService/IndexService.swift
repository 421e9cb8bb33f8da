public import Dredge
public import Foundation
public import Logging
internal import Synchronization

/// What the HTTP API does, without HTTP: organizations with their keys, collections, integrations and jobs, over one
/// engine. One process has a data directory at a time.
public final class IndexService: Sendable {
    /// What the operator decided.
    public let configuration: ServiceConfiguration
    /// The keys of all organizations.
    public let keys: APIKeys
    /// How often keys ask.
    public let rates: RequestRates
    /// Collections.
    public let collections: Collections
    /// What is stored in collections.
    public let documents: Documents
    /// Finds what is stored in collections.
    public let search: Search
    /// The AWS side of organizations.
    public let integrations: Integrations
    /// Jobs.
    public let jobs: Jobs
    /// Who is told of the ends of jobs.
    public let webhooks: Webhooks
    /// Collections that follow buckets.
    public let syncs: Syncs
    private let database: ControlDatabase
    private let engine: Engine
    /// nil: the service was shut down.
    private let lock: Mutex<DirectoryLock?>

    /// Opens the data directory (made, mode 0700, where there is none), and takes up jobs that had not ended. Throws
    /// `DirectoryInUse` where another service has it, `DataDirectoryProblem` where it can't be used.
    /// - Parameters:
    ///   - settings: what chunks are made by, of collections that are new; a collection keeps its own.
    ///   - engine: what all jobs run on. The service shuts it down.
    public init(
        directory: URL, engine: Engine, settings: IndexSettings = IndexSettings(),
        configuration: ServiceConfiguration = ServiceConfiguration(), logger: Logger
    ) async throws {
        try Self.makeDirectory(directory)
        lock = Mutex(try DirectoryLock(directory: directory))
        database = try Self.openDatabase(directory)
        self.engine = engine
        self.configuration = configuration
        rates = RequestRates(configuration.rateLimit)
        let stores = try CollectionStores(directory: directory, settings: settings)
        keys = APIKeys(database: database)
        collections = Collections(database: database, stores: stores)
        let indexes = SearchIndexes(database: database, stores: stores, logger: logger)
        search = Search(collections: collections, stores: stores, indexes: indexes)
        documents = Documents(database: database, collections: collections, stores: stores)
        integrations = Integrations(
            database: database, engine: engine, configuration: configuration,
            principal: ServerPrincipal(configured: configuration.principalARN, engine: engine))
        webhooks = Webhooks(
            database: database, configuration: configuration,
            sender: try WebhookSender(
                database: database, configuration: configuration, environment: engine.environment, logger: logger))
        jobs = Jobs(
            database: database, stores: stores, search: indexes, engine: engine, integrations: integrations,
            webhooks: webhooks.sender, configuration: configuration, logger: logger)
        syncs = Syncs(
            database: database, jobs: jobs, integrations: integrations, configuration: configuration, logger: logger)
        for name in try await collections.sweep() {
            logger.warning(
                "a collection's files are there, but the control database does not know it; they stay",
                metadata: ["collection": "\(name)"])
        }
        try await jobs.restart()
        await webhooks.sender.start()
        await syncs.start()
    }

    /// Why the service can't do its work at this moment; nil: it can. Costs a look into the control database.
    public var problem: String? {
        get async {
            if lock.withLock({ $0 == nil }) { return "The server is being shut down." }
            if await database.isWell() { return nil }
            return "The control database can't be read or written to. The server's log tells why."
        }
    }

    /// Stops all jobs where they are, and begins none any more: the next start goes on with them. What else is asked is
    /// still answered. `shutDown` does it too.
    public func stopJobs() async {
        await syncs.stop()
        search.indexes.interrupt()
        await jobs.stop()
    }

    /// Stops all jobs where they are, so that the next start goes on with them, and closes everything.
    public func shutDown() async {
        await stopJobs()
        await webhooks.sender.stop()
        await search.indexes.stop()
        await engine.shutDown()
        try? database.close()
        lock.withLock { $0 = nil }
    }

    /// The keys of a data directory, for a command: a server may run beside it.
    /// - Parameter makesDirectory: whether the directory is made where there is none; otherwise nil is returned then.
    public static func openKeys(directory: URL, makesDirectory: Bool) throws -> APIKeys? {
        if makesDirectory {
            try makeDirectory(directory)
        } else if !ControlDatabase.isThere(directory) {
            return nil
        }
        return APIKeys(database: try openDatabase(directory))
    }

    private static func makeDirectory(_ directory: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DataDirectoryProblem(directory, "it can't be made, or is no directory")
        }
    }

    private static func openDatabase(_ directory: URL) throws -> ControlDatabase {
        do { return try ControlDatabase(directory: directory) } catch {
            throw DataDirectoryProblem(directory, "its control.sqlite can't be opened (\(error))")
        }
    }
}
