public import DredgeLedger
public import DredgeStore

extension ChunkStore {
    /// Opens the store at `path` for writing, and creates it where there is none. Throws `StoreError.otherSettings` for
    /// a store that was made with other settings.
    public static func open(at path: String, settings: IndexSettings) throws(StoreError) -> ChunkStore {
        try open(at: path, settings: settings.named)
    }

    /// Opens the store at `path` for reading. Throws `StoreError.otherSettings` for a store that was made with other
    /// settings.
    public static func open(reading path: String, settings: IndexSettings) throws(StoreError) -> ChunkStore {
        try open(reading: path, settings: settings.named)
    }
}
