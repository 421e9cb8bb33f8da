@testable import Dredge
import DredgeS3
import DredgeStore
import Foundation
import TestServers
import Testing

@testable import DredgeCLI

/// Reports are made from JSON, which is also a check of what `--json` prints.
private func report(_ changes: String...) throws -> RunReport {
    let base = """
        "id":"67a1b2c3d4e5","outcome":"complete","isResumed":false,"beganAt":0,"endedAt":12.34,
        "sources":[],"listed":{"objects":4012,"bytes":1234567890},"indexed":{"objects":4012,"bytes":1234567890},
        "unchanged":{"objects":0,"bytes":0},"skipped":{"objects":0,"bytes":0},"failed":{"objects":0,"bytes":0},
        "vanished":{"objects":0,"bytes":0},"changed":{"objects":0,"bytes":0},"pending":{"objects":0,"bytes":0},
        "removedCount":0,"markedCount":0,"withheldCount":0,"withheld":[],"skippedReasons":{},"failedReasons":{},
        "chunkCount":610000,"tokenCount":301234567,
        "fetchedByteCount":1234567890,"elapsedSeconds":12.34,"cpuSeconds":24.6,"failures":[],
        "time":{"transferSeconds":2.5,"workerSeconds":[10,10.5],"compressingShare":0.2,"storeSeconds":0.6,
        "otherSeconds":1,"workedShare":0.97,"blockedSeconds":0,"listingSeconds":1.5,"bottleneck":"counting",
        "requests":{"count":4012,"firstByteMilliseconds":31.25,"meanInFlight":12.5,"fullShare":0,"throttledCount":2,
        "failedCount":0}}
        """
    var fields = try #require(try JSONSerialization.jsonObject(with: Data("{\(base)}".utf8)) as? [String: Any])
    for change in changes {
        let more = try #require(try JSONSerialization.jsonObject(with: Data("{\(change)}".utf8)) as? [String: Any])
        fields.merge(more) { $1 }
    }
    return try JSONDecoder().decode(RunReport.self, from: try JSONSerialization.data(withJSONObject: fields))
}

@Suite struct ReportTests {
    @Test func `where the time went`() throws {
        #expect(
            StatText.text(try report()) == """
                Where the time went:
                                               processor s  of one core  s per GB
                  sending requests, receiving         2.50         20 %      2.03
                  chunking and counting              16.40        133 %     13.28
                  compressing                         4.10         33 %      3.32
                  writing the store                   0.60          5 %      0.49
                  the rest                            1.00          8 %      0.81
                  in all                             24.60        199 %     19.93
                  Workers (2): at work 97 % of the time; processor time of each: 10.0 s, 10.5 s; waited for the store \
                0.0 s
                  Requests: 4,012 answered, first byte after 31.3 ms, 12.5 in flight, 0 % at the limit of \
                limits.requests;
                    2 throttled, 0 failed
                  Listing complete after 1.5 s
                Bottleneck: chunking, counting and compressing. More cores make it faster (limits.workers).

                """)
    }

    @Test func `a run without trouble`() throws {
        #expect(
            ReportText.text(try report(), store: "s.chunks") == """
                Complete: run 67a1b2c3d4e5, 12.3 s
                           objects    bytes
                  listed     4,012  1.23 GB
                  indexed    4,012  1.23 GB  610,000 chunks, 301,234,567 tokens
                Read 1.23 GB at 100.0 MB/s, 50.2 MB/s per core (24.6 s of processor time).

                """)
    }

    @Test func `a run that verifies checksums says how many had one`() throws {
        let text = ReportText.text(try report(#""verifiedCount":4000"#), store: "s.chunks")
        #expect(text.contains("\nVerified by a checksum of the whole object: 4,000 of 4,012 indexed.\n"))
    }

    @Test func `a run with trouble says what, why and what next`() throws {
        let troubled = try report(
            #""indexed":{"objects":3900,"bytes":1100000000},"unchanged":{"objects":10,"bytes":12000000}"#,
            #""skipped":{"objects":97,"bytes":1000},"failed":{"objects":4,"bytes":2000000},"#
                + #""vanished":{"objects":1,"bytes":5}"#,
            #""skippedReasons":{"filtered":90,"archived":2,"empty":5},"#
                + #""failedReasons":{"accessDenied":4},"removedCount":1"#,
            #""failures":[{"source":"contracts","bucket":"b","key":"2025/a\u001b[2J.txt","#
                + #""reason":"accessDenied: Access Denied","requestID":"4442587FB7D0A2F9"},"#
                + #"{"source":"contracts","bucket":"b","key":"k","reason":"answer broken off","advice":"Run again."},"#
                + #"{"source":"contracts","bucket":"b","key":"l","reason":"shortBody","advice":"Run again."}]"#
        )
        #expect(
            ReportText.text(troubled, store: "s.chunks") == """
                Complete, with failed objects: run 67a1b2c3d4e5, 12.3 s
                             objects    bytes
                  listed       4,012  1.23 GB
                  indexed      3,900  1.10 GB  610,000 chunks, 301,234,567 tokens
                  unchanged       10  12.0 MB
                  skipped         97   1.0 kB  filtered 90, empty 5, archived 2
                  failed           4   2.0 MB  access denied 4
                  vanished         1      5 B  deleted between the listing and the read
                Removed from the store, because their source no longer lists or wants them: 1 document.
                Read 1.23 GB at 100.0 MB/s, 50.2 MB/s per core (24.6 s of processor time).
                The first 3 of them:
                  contracts: 2025/a\\u{1B}[2J.txt: access denied: Access Denied (request 4442587FB7D0A2F9)
                  contracts: k: answer broken off
                  contracts: l: answer broken off
                What to do (answer broken off): Run again.
                The next run tries them again. All of them: dredge store ls --state failed s.chunks

                """)
    }

    @Test func `withheld removals say why and what to do, and make the run incomplete`() throws {
        let withheld = try report(
            #""withheldCount":1250,"withheld":[{"source":"contracts","count":1250,"reason":"empty listing","#
                + #""message":"Its listing is empty.","advice":"Check it."},{"source":"b","count":0,"#
                + #""reason":"untrusted listing","message":"It went round.","advice":"Run again."}]"#)
        #expect(withheld.isIncomplete)
        let text = ReportText.text(withheld, store: "s.chunks")
        #expect(text.hasPrefix("Complete, with removals withheld: run 67a1b2c3d4e5, 12.3 s\n"))
        #expect(
            text.contains(
                """

                Source "contracts": the removal of 1,250 documents is withheld. Its listing is empty. Check it.
                Source "b": nothing of it is removed. It went round. Run again.

                """))
        let hint = """
            Those that are not listed any more: dredge store ls --state vanished s.chunks

            """
        #expect(text.hasSuffix(hint), "\(text)")
    }

    @Test func `a run that found nothing to read says so`() throws {
        let none = try report(#""outcome":"complete","listed":{"objects":0,"bytes":0}"#)
        #expect(ReportText.text(none, store: "s.chunks").hasSuffix("No object was listed: check bucket and prefix.\n"))
        let filtered = try report(
            #""outcome":"complete","listed":{"objects":3,"bytes":9},"skipped":{"objects":3,"bytes":9},"#
                + #""skippedReasons":{"filtered":3}"#)
        let text = ReportText.text(filtered, store: "s.chunks")
        #expect(text.contains("\nThe filters leave out every object: "), "\(text)")
    }

    @Test func `a stopped run says how to go on`() throws {
        let stopped = try report(
            #""outcome":"stopped","isResumed":true,"indexed":{"objects":12,"bytes":1000},"pending":{"objects":4000,"#
                + #""bytes":1234566890},"fetchedByteCount":0"#
        )
        #expect(
            ReportText.text(stopped, store: "s.chunks") == """
                Stopped: run 67a1b2c3d4e5, resumed, 12.3 s
                           objects    bytes
                  listed     4,012  1.23 GB
                  indexed       12   1.0 kB  610,000 chunks, 301,234,567 tokens
                  pending    4,000  1.23 GB  not dealt with yet
                Read 0 B.
                The same command goes on from here.

                """)
    }

    /// Codes such as `serviceFailure` are for programs.
    @Test func `no reason for a failure is told a person by its code`() throws {
        let codes = S3Error.Code.allCases.map(\.rawValue) + ListedObject.Flaw.Code.allCases.map(\.rawValue)
        let counts = codes.map { "\"\($0)\":2" }.joined(separator: ",")
        let failures = codes.map { #"{"source":"s","bucket":"b","key":"k","reason":"\#($0): told","advice":"Act."}"# }
        let text = ReportText.text(
            try report(
                #""failed":{"objects":4,"bytes":2000000},"failedReasons":{\#(counts)},"#
                    + #""failures":[\#(failures.joined(separator: ","))]"#), store: "s.chunks")
        #expect(text.components(separatedBy: ": told\n").count == codes.count + 1)
        let words = text.split { !$0.isLetter && !$0.isNumber }
        for word in words {
            let isCode = word.dropFirst().contains { $0.isUppercase } && word.contains { $0.isLowercase }
            #expect(!isCode || ["ETag", "MB", "GB", "kB"].contains(word), "\(word)")
        }
        #expect(codes.allSatisfy { FailReason.words($0) != $0 || $0.allSatisfy { $0.isLowercase } })
    }

    @Test func `the JSON report has snake case keys, and leaves the reasons' names alone`() throws {
        let line = try JSONText.line(
            try report(
                #""failedReasons":{"accessDenied":4},"failures":[{"source":"s","bucket":"b","key":"a/b","#
                    + #""reason":"accessDenied","requestID":"R"}]"#
            ))
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(fields["elapsed_seconds"] as? Double == 12.34)
        #expect((fields["failed_reasons"] as? [String: Int]) == ["accessDenied": 4])
        #expect((fields["listed"] as? [String: Int]) == ["objects": 4012, "bytes": 1_234_567_890])
        let failures = fields["failures"] as? [[String: String]]
        #expect(
            failures == [["source": "s", "bucket": "b", "key": "a/b", "reason": "accessDenied", "request_id": "R"]])
        #expect(line.hasSuffix("}\n") && line.filter { $0 == "\n" }.count == 1)
    }

    @Test func `a store that is refused says why and what to do, on one line`() {
        let error = StoreError(
            code: .otherSettings, path: "s", message: "s was made with tokenizer o200k_base\u{1B}[1m",
            advice: "Use another store")
        #expect(FatalText.text(error) == #"dredge: s was made with tokenizer o200k_base\u{1B}[1m. Use another store."#)
    }
}

@Suite struct FatalTextTests {
    @Test func `the paragraph names source, step, service code, request and what to change`() {
        let error = RunError(
            code: .accessDenied, source: "contracts", step: "assume role arn:aws:iam::123456789012:role/R",
            serviceCode: "AccessDenied", status: 403, requestID: "R-1", message: "not authorized",
            advice: "Check the external ID.",
            others: [
                RunError(
                    code: .noSuchBucket, source: "other", step: "list s3://abc/", serviceCode: "NoSuchBucket",
                    status: 404,
                    message: "There is no such bucket.", advice: "Correct its name")
            ])
        #expect(
            FatalText.text(error) == """
                dredge: source "contracts": could not assume role arn:aws:iam::123456789012:role/R: not authorized \
                (code AccessDenied, HTTP 403, request R-1). Check the external ID.
                dredge: source "other": could not list s3://abc/: There is no such bucket (code NoSuchBucket, HTTP \
                404). Correct its name.
                """)
    }

    @Test func `what did not come from a service has no empty brackets`() {
        let error = RunError(
            code: .store, source: nil, step: "write to the store s", message: "The disk is full.", advice: "Make room.")
        #expect(FatalText.text(error) == "dredge: could not write to the store s: The disk is full. Make room.")
    }
}
