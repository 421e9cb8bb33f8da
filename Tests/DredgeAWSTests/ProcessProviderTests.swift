import Foundation
import Testing

@testable import DredgeAWS

@Suite struct ProcessProviderTests {
    private typealias World = ProviderWorld

    private static func output(_ more: String = "") -> String {
        #"{"Version":1,"AccessKeyId":"ASIAPROC","SecretAccessKey":"\#(World.canary)secret"\#(more)}"#
    }

    private func world(
        _ command: String = "/opt/give --name 'a b'",
        _ output: Result<String, ProcessRunner.Problem> = .success(output())
    ) -> World {
        let world = World(config: "[profile p]\nregion = x\ncredential_process = \(command)\n")
        world.onProcess { _, _ in output }
        return world
    }

    @Test func `a program is run with its words and the environment that was given`() async throws {
        let world = world()
        world.setVariable("VAULT", "x")
        world.onProcess { words, environment in
            #expect(words == ["/opt/give", "--name", "a b"])
            #expect(environment == ["VAULT": "x", "HOME": World.home])
            return .success(Self.output())
        }
        let resolved = try await world.resolved(profile: "p")
        #expect(resolved.credentials.accessKeyID == "ASIAPROC")
        #expect(resolved.credentials.isTemporary == false && resolved.credentials.expiration == nil)
        #expect(resolved.provider == "credential_process '/opt/give' of profile 'p'")
    }

    @Test(arguments: [
        ("2027-01-15T09:00:00Z", 0), ("2027-01-15T09:00:00.123456Z", 0.123), ("2027-01-15T09:00:00+00:00", 0),
        ("2027-01-15T11:00:00+02:00", 0), ("2027-01-15T05:30:00-0330", 0), ("2027-01-15T09:00:00.5+00:00", 0.5),
    ])
    func `token and expiration are those of the output`(expiration: String, fraction: Double) async throws {
        let output = Self.output(#","SessionToken":"\#(World.canary)","Expiration":"\#(expiration)","AccountId":"1""#)
        let credentials = try await world("x", .success(output)).resolved(profile: "p").credentials
        #expect(credentials.isTemporary)
        #expect(credentials.expiration == Date(timeIntervalSince1970: 1_800_003_600).addingTimeInterval(fraction))
    }

    @Test func `keys in the credentials file come before it, and those in the config file behind`() async throws {
        let world = world()
        world.setFile(World.configPath, .success("[profile p]\ncredential_process = x\n\(World.keys("CONFIG"))"))
        #expect(try await world.id(profile: "p") == "ASIAPROC")
        world.setFile(World.credentialsPath, .success("[p]\n\(World.keys("CREDENTIALS"))"))
        #expect(try await world.id(profile: "p") == "CREDENTIALS")
    }

    @Test(arguments: [
        "", "[]", "\(World.canary)", "{", #"{"AccessKeyId":"A","SecretAccessKey":"\#(World.canary)"}"#,
        #"{"Version":2,"AccessKeyId":"A","SecretAccessKey":"\#(World.canary)"}"#,
        #"{"Version":"1","AccessKeyId":"A","SecretAccessKey":"\#(World.canary)"}"#,
        #"{"Version":1,"SecretAccessKey":"\#(World.canary)"}"#, #"{"Version":1,"AccessKeyId":"A"}"#,
        #"{"Version":1,"AccessKeyId":null,"SecretAccessKey":"\#(World.canary)"}"#,
        #"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"\#(World.canary) b"}"#,
        output(#","SessionToken":["\#(World.canary)"]"#), output(#","Expiration":"\#(World.canary)""#),
        output(#","Expiration":1800003600"#), output(#","Expiration":"2027-01-15T08:00:00Z""#),
    ])
    func `output without good credentials ends the search`(output: String) async throws {
        let error = try await world("/opt/give", .success(output)).failure(profile: "p")
        #expect(error.message.contains("output of credential_process '/opt/give'"))
    }

    @Test(arguments: [
        (ProcessRunner.Problem.notFound, "is not a program"), (.notStarted, "could not be run"),
        (.failed(exitCode: 3), "exit status 3"), (.killed(signal: 9), "signal 9"),
        (.tooMuchOutput, "more than 64000 bytes"), (.tookTooLong, "longer than 60 s"),
    ])
    func `a failure names the program and the line, not its arguments`(problem: ProcessRunner.Problem, message: String)
        async throws
    {
        let error = try await world("/opt/give --password \(World.canary)", .failure(problem)).failure(profile: "p")
        #expect(error.message.contains(message))
        #expect(error.message.contains("'/opt/give'") && error.message.contains("line 3"))
    }

    @Test(arguments: ["/opt/give 'a", "/opt/give \"\(World.canary)", "/opt/give \(World.canary)\\", "''"])
    func `a line that can't be split is told of`(command: String) async throws {
        #expect(try await world(command).failure(profile: "p").code == .malformedConfigFile)
    }

    @Test(arguments: ["/opt/give --a ;b", "/opt/give --a '#b'#c", "/opt/give 'a #b'", "/opt/give # once"])
    func `a comment that may have cut the command is told of`(command: String) async throws {
        let world = world(command, .failure(.failed(exitCode: 3)))
        let error = try await world.failure(profile: "p")
        let isCut = command != "/opt/give --a '#b'#c"
        #expect(error.advice.contains("In \(World.configPath), line 3, a # or ;") == isCut, "\(error)")
        // Nothing is said of it where the program gives credentials.
        if command.hasSuffix("once") {
            world.onProcess { words, _ in
                #expect(words == ["/opt/give"])
                return .success(Self.output())
            }
            #expect(try await world.id(profile: "p") == "ASIAPROC")
        }
    }
}

@Suite struct ShellWordsTests {
    /// What the golden file has of `shlex.split` is compared in `BotocoreChainTests`; these are for the reader.
    @Test func `words are those of a shell`() throws {
        #expect(
            try ShellWords.split(#"a  "b c" 'd "e' f\ g h"i"'j' "" "k\"l\\m\n""#) == [
                "a", "b c", "d \"e", "f g", "hij", "", "k\"l\\m\\n",
            ])
        #expect(try ShellWords.split(" \t\r\n") == [])
        #expect(try ShellWords.split("$HOME `x` *") == ["$HOME", "`x`", "*"])
        #expect(throws: ShellWords.Problem.openQuote) { try ShellWords.split("'a") }
        #expect(throws: ShellWords.Problem.nothingBehindBackslash) { try ShellWords.split("a\\") }
    }
}

/// Real processes.
@Suite struct ProcessRunnerTests {
    /// Where time is not the subject, a busy machine has all it needs.
    private let patient = ProcessRunner.limited(to: .seconds(86_400))
    private let path = ["PATH": "/usr/local/bin:/usr/bin:/bin"]

    private func output(
        _ words: [String], _ environment: [String: String] = [:]
    ) async throws -> String {
        let bytes = try await patient.output(words, path.merging(environment) { $1 })
        return String(decoding: bytes, as: UTF8.self)
    }

    private func problem(_ words: [String], runner: ProcessRunner? = nil) async -> ProcessRunner.Problem? {
        await #expect(throws: ProcessRunner.Problem.self) {
            _ = try await (runner ?? patient).output(words, path)
        }
    }

    @Test func `output is what was printed, complaints are dropped, and there is nothing to read`() async throws {
        #expect(
            try await output(["sh", "-c", "cat; echo out; head -c 1000000 /dev/zero >&2; echo $A"], ["A": "x"])
                == "out\nx\n")
        #expect(try await output(["sh", "-c", "env | grep -c SECRET_OF_THE_TEST || true"]) == "0\n")
    }

    @Test func `no shell expands the words`() async throws {
        #expect(try await output(["/bin/echo", "$HOME", "*", "a b"]) == "$HOME * a b\n")
    }

    @Test func `each way to fail is told apart`() async {
        #expect(await problem(["no-such-program"]) == .notFound)
        #expect(await problem(["/no/such/program"]) == .notFound)
        #expect(await problem(["sh", "-c", "exit 3"]) == .failed(exitCode: 3))
        #expect(await problem(["sh", "-c", "kill -9 $$"]) == .killed(signal: 9))
        #expect(await problem(["head", "-c", "64001", "/dev/zero"]) == .tooMuchOutput)
        #expect(await problem(["cat", "/dev/zero"]) == .tooMuchOutput)
    }

    @Test func `one that takes too long ends with what it has started`() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let script = "sleep 1000 & echo $! > \(directory)/child.new; mv \(directory)/child.new \(directory)/child; wait"
        let runner = ProcessRunner.limited(to: .seconds(1)) { timeout in
            #expect(timeout == .seconds(1))
            while !FileManager.default.fileExists(atPath: directory + "/child") {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        #expect(await problem(["sh", "-c", script], runner: runner) == .tookTooLong)
        let child = try String(contentsOfFile: directory + "/child", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        // Signals take their time on a busy machine.
        while FileManager.default.fileExists(atPath: "/proc/\(child)/cmdline"),
            try String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8).contains("sleep")
        {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func `one that leaves somebody behind who holds its output is not waited for any longer`() async throws {
        let left = try await output(["sh", "-c", "sleep 1000 & echo $!"])
        let pid = try #require(Int32(left.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(pid, SIGKILL) == 0)
    }

    @Test func `cancelling ends it`() async throws {
        let task = Task { await problem(["sleep", "1000"]) }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        #expect(await task.value == .cancelled)
    }
}
