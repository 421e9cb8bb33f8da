package import DredgeLedger

extension Engine {
    /// The sources as a run of this engine has them in its ledger.
    package func records(of sources: [Source]) -> [SourceRecord] { sources.map { $0.record(endpoints) } }
}
