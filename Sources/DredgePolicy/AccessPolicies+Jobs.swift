import DredgeAWS
public import DredgeIAM

/// What those need who do a job over many machines, in their own account.
extension AccessPolicies {
    /// What the identity of a job's planner or workers must be allowed: the job's files, or the role that is assumed
    /// for them, and what the sources need. A planner lists the sources, a worker reads what its manifest names and
    /// never lists them.
    public static func job(_ member: JobMember, results: ResultsAccess, sources: [SourceAccess]) -> PolicyDocument {
        var statements: [PolicyStatement]
        switch (results, member) {
        case (.role(let role), _):
            statements = [assuming([role])]
            statements[0].sid = "AssumeResultsRole"
        case (.direct(let place, let key), .planner): statements = self.results(place, key: key).statements
        case (.direct(let place, let key), .worker):
            statements = place.workerScope.resultsStatements(writing: place.workerResources) + encryptingResults(key)
        }
        var direct: [(scope: BucketScope, key: EncryptionKey?)] = []
        for case .direct(let scope, let key) in sources { direct.append((scope, key)) }
        switch member {
        case .planner: statements += listing(direct.map(\.scope))
        case .worker: statements += reading(direct)
        }
        return PolicyDocument(statements: statements + assuming(sources))
    }

    /// What the role needs that planner and workers assume for the job's files, all of them or those of the one job: at
    /// least what the session is narrowed to that they ask for.
    public static func results(_ place: ResultsScope, key: EncryptionKey? = nil) -> PolicyDocument {
        PolicyDocument(statements: place.scope.resultsStatements() + encryptingResults(key))
    }

    private static func encryptingResults(_ key: EncryptionKey?) -> [PolicyStatement] {
        encrypting(key).map { named("EncryptResults", $0) }
    }

    /// One statement for each bucket: the prefixes are those of one bucket.
    private static func listing(_ scopes: [BucketScope]) -> [PolicyStatement] {
        let statements = scopes.map(\.listResource).unique.map { bucket in
            let conditions = scopes.filter { $0.listResource == bucket }.map(\.listConditions)
            var merged: [PolicyCondition] = []
            if !conditions.contains([]), var first = conditions.first?.first {
                first.values = conditions.flatMap { $0.flatMap(\.values) }.unique
                merged = [first]
            }
            return PolicyStatement(actions: ["s3:ListBucket"], resources: [bucket], conditions: merged)
        }
        return numbered("ListSource", statements)
    }

    private static func reading(_ sources: [(scope: BucketScope, key: EncryptionKey?)]) -> [PolicyStatement] {
        guard !sources.isEmpty else { return [] }
        let read = PolicyStatement(
            sid: "ReadSource", actions: ["s3:GetObject"], resources: sources.map(\.scope.objectResource).unique)
        let keys = sources.compactMap(\.key).unique
        return [read]
            + numbered("DecryptSource", keys.map { .decrypting($0.arn.description, through: $0.throughS3) })
    }

    /// One statement for all roles that are assumed in the same way.
    private static func assuming(_ sources: [SourceAccess]) -> [PolicyStatement] {
        var groups: [(tags: Bool, identity: Bool, roles: [RolePattern])] = []
        for case .role(let role, let tags, let identity) in sources {
            if let index = groups.firstIndex(where: { $0.tags == tags && $0.identity == identity }) {
                groups[index].roles.append(role)
            } else {
                groups.append((tags, identity, [role]))
            }
        }
        return numbered(
            "AssumeRole",
            groups.map { assuming($0.roles.unique, tagsSession: $0.tags, setsSourceIdentity: $0.identity) })
    }

    /// Names must be different within a policy.
    private static func numbered(_ name: String, _ statements: [PolicyStatement]) -> [PolicyStatement] {
        zip(1..., statements).map { named($0 == 1 ? name : "\(name)\($0)", $1) }
    }

    private static func named(_ name: String, _ statement: PolicyStatement) -> PolicyStatement {
        var statement = statement
        statement.sid = name
        return statement
    }
}

/// Who does what of a job over many machines.
public enum JobMember: Sendable, Hashable {
    /// Plans jobs, merges them, and asks how far they are.
    case planner
    /// Does shards.
    case worker
}

/// Who reads and writes a job's files.
public enum ResultsAccess: Sendable, Hashable {
    /// The identity itself.
    case direct(ResultsScope, key: EncryptionKey? = nil)
    /// A role that it assumes for this alone.
    case role(RolePattern)
}

/// How a source is read, as far as the reader's own account must allow it.
public enum SourceAccess: Sendable, Hashable {
    /// By a role: the first one of a chain.
    case role(RolePattern, tagsSession: Bool = false, setsSourceIdentity: Bool = false)
    /// By the identity itself.
    case direct(BucketScope, key: EncryptionKey? = nil)
}

/// The files of jobs, as policies name them: each job has a folder of its own under a prefix.
public struct ResultsScope: Sendable, Hashable {
    /// All files, or those of the one job.
    let scope: BucketScope
    /// What workers see.
    let workerScope: BucketScope
    /// What workers make.
    let workerResources: [String]

    /// Throws for what is no bucket.
    /// - Parameters:
    ///   - prefix: what `--results` names, which has a slash at its end or is empty.
    ///   - job: the folder of one job in it; nil: all jobs.
    public init(bucket: String, partition: String = "aws", prefix: String, job: String? = nil) throws(AWSError) {
        func scope(_ prefix: String) throws(AWSError) -> BucketScope {
            try BucketScope(bucket: bucket, partition: partition, prefix: prefix)
        }
        if let job {
            self.scope = try scope("\(prefix)\(job)/")
            workerScope = self.scope
        } else {
            self.scope = try scope(prefix)
            workerScope = try scope("\(prefix)job-")
        }
        let jobs = workerScope
        let folder = PolicyPattern.literal(jobs.prefix) + (job == nil ? "*/" : "")
        workerResources = JobScope.workerFolders.map {
            jobs.address.objectARN("\(folder)\($0)/*", partition: jobs.partition)
        }
    }
}

extension Array where Element: Hashable {
    /// Each once, in the order of the first of each.
    fileprivate var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
