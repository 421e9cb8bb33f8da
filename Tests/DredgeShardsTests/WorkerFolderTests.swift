import DredgeIAM
import Testing

@testable import DredgeShards

@Suite struct WorkerFolderTests {
    @Test func `what workers make is in the folders that their policies name`() {
        let names = [
            JobNames.claim(3), JobNames.done(3), JobNames.failed(3, "a"), JobNames.result(3, "d"),
            JobNames.store(3, "d"),
        ]
        let folders = Set(names.map { String($0.prefix { $0 != "/" }) })
        #expect(folders == Set(JobScope.workerFolders))
        for name in [JobNames.job, JobNames.index, JobNames.manifest(3), JobNames.catalog] {
            #expect(!folders.contains(String(name.prefix { $0 != "/" })))
        }
    }
}
