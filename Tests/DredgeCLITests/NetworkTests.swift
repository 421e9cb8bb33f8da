#if os(Linux)
    import Foundation
    import TestServers
    import Testing

    /// What fails between this machine and a service, on the real binary.
    @Suite(.timeLimit(.minutes(30))) struct NetworkTests {
        /// A `getaddrinfo` that writes down each lookup of the host that never answers, and takes an hour for it.
        private static let resolver = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <fcntl.h>
            #include <netdb.h>
            #include <stdlib.h>
            #include <string.h>
            #include <unistd.h>
            typedef int (*lookup)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
            int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **to) {
                if (!node || strcmp(node, "hang.example"))
                    return ((lookup)dlsym(RTLD_NEXT, "getaddrinfo"))(node, service, hints, to);
                int log = open(getenv("LOOKUP_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
                if (write(log, ".", 1) == 1) close(log);
                sleep(3600);
                return EAI_AGAIN;
            }
            """

        @Test func `a name lookup that hangs holds up neither another source nor Ctrl-C`() async throws {
            let server = try await ScriptedS3Server(
                .init(objects: (0..<20).map { .init("\($0)", body: Array("some text".utf8)) }))
            defer { server.stop() }
            let directory = try TemporaryDirectory()
            try directory.write("resolver.c", Self.resolver)
            let compiled = try await Program.run(
                "cc", ["-shared", "-fPIC", "-o", "resolver.so", "resolver.c", "-ldl"], directory: directory.url)
            try #require(compiled.status == 0, "\(compiled.error)")
            try directory.write(
                "c.yaml",
                """
                store: s.chunks
                sources:
                  - {bucket: hanging, endpoint_url: "http://hang.example", region: us-east-1, auth: anonymous}
                  - {bucket: bucket, endpoint_url: "\(server.endpointURL)", region: us-east-1, auth: anonymous}
                """)
            let log = directory.url.appending(path: "lookups")
            let run = try DredgeBinary.start(
                ["run", "c.yaml", "--json", "--no-progress"],
                environment: [
                    "LD_PRELOAD": directory.url.appending(path: "resolver.so").path, "LOOKUP_LOG": log.path,
                ], directory: directory.url)
            // A second lookup begins only when the first one's transfer has ended, and the loop has got on.
            func lookupCount() -> Int { (try? Data(contentsOf: log).count) ?? 0 }
            while lookupCount() < 2 { try await Task.sleep(for: .milliseconds(50)) }
            while try server.requests().count(where: { $0.action == .get }) < 20 {
                try await Task.sleep(for: .milliseconds(50))
            }
            run.send(SIGINT)
            let outcome = await run.wait()
            #expect(outcome.status == 4, "\(outcome.error)")
        }

        @Test func `few descriptors make a run slow, and a want of them is told as one`() async throws {
            let server = try await ScriptedS3Server(
                .init(objects: (0..<500).map { .init("\($0)", body: Array("some text".utf8)) }))
            defer { server.stop() }
            let directory = try TemporaryDirectory()
            try directory.write(
                "c.yaml",
                """
                store: s.chunks
                sources: [{bucket: bucket, endpoint_url: "\(server.endpointURL)", region: us-east-1, auth: anonymous}]
                """)
            func outcome(of limit: Int) async throws -> Program.Outcome {
                let command = "ulimit -n \(limit); exec \"$0\" run c.yaml --store s\(limit) --no-progress"
                return try await Program.run(
                    "sh", ["-c", command, DredgeBinary.url.path],
                    environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "SWIFT_BACKTRACE": "enable=no"],
                    directory: directory.url)
            }
            for limit in [64, 32] {
                let few = try await outcome(of: limit)
                #expect(few.status == 0, "\(few)")
            }
            // Where the last descriptor goes to libdispatch, that ends the process; one number less or more, and it is
            // a connection that is missing.
            var refusals: [String] = []
            for limit in 13...18 {
                let outcome = try await outcome(of: limit)
                if outcome.status == 3, outcome.error.contains("open files") { refusals.append(outcome.error) }
            }
            #expect(!refusals.isEmpty && !refusals.contains { $0.contains("can't be reached") }, "\(refusals)")
        }
    }
#endif
