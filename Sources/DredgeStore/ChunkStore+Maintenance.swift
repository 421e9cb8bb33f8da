public import DredgeLedger

/// What is done to a store as a whole, while nobody has it open: each throws `inUse` otherwise.
///
/// Compacting, forgetting and repairing write what is kept into a new file, which takes the old one's place when it is
/// complete: a crash leaves the old one. That takes the time of reading the store two or three times, and room for the
/// new file beside it. They block the thread.
extension ChunkStore {
    /// Makes the file as small as it can be: no dead chunk, no free page, no log. Throws `corrupt` for a damaged store.
    public static func compact(at path: String) throws(StoreError) -> StoreRewriteReport {
        try withLock(path) { (path) throws(StoreError) in
            var rewrite = StoreRewrite(path: path)
            return try rewrite.run()
        }
    }

    /// Removes objects with all that was stored of them: neither their text nor their keys are in the file, its log or
    /// its free pages afterwards, nor is anything that was removed before. What a config says of keys, a source's
    /// prefix and the filters that runs had, stays: by that a later run sees whether either was changed. What the
    /// bucket still has comes back with the next run that lists it. Where no object matches, what was removed before
    /// goes all the same. Throws `noSuchSource` for a source that the store has not, `corrupt` for a damaged store,
    /// `invalidArgument` for a filter that leaves nothing out; the store is as it was then.
    public static func forget(_ objects: ForgetFilter, at path: String) throws(StoreError) -> StoreRewriteReport {
        guard objects != ForgetFilter() else {
            throw StoreError(
                code: .invalidArgument, path: path, message: "It is not said what to forget.",
                advice: "Name a source, a prefix or a key; to forget everything, delete the file.")
        }
        return try withLock(path) { (path) throws(StoreError) in
            if let source = objects.source {
                try storeErrors(path) {
                    try StoreReader(path: path).read { db in
                        try Schema.check(db, path: path)
                        try requireSource(db, source, path: path)
                    }
                }
            }
            var rewrite = StoreRewrite(path: path, forgotten: objects)
            return try rewrite.run()
        }
    }

    /// Drops what is damaged, and lets the next run read it again; nil: the store is sound, and was left as it is. What
    /// can't be found again is what no run lists any more.
    public static func repair(at path: String) throws(StoreError) -> StoreRewriteReport? {
        try withLock(path) { (path) throws(StoreError) in try StoreRewrite.repair(path, asked: nil) }
    }

    private static func withLock<T>(
        _ path: String, _ body: (String) throws(StoreError) -> T
    ) throws(StoreError) -> T {
        let path = try StorePath.resolve(path)
        try requireFile(path)
        let lock = try StoreLock(storePath: path)
        defer { withExtendedLifetime(lock) {} }
        return try body(path)
    }
}
