import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// How a credential_process is run; tests have their own.
struct ProcessRunner: Sendable {
    /// Why there is no output to read.
    enum Problem: Error, Sendable, Equatable {
        case notFound
        case notStarted
        case failed(exitCode: Int)
        case killed(signal: Int)
        case tooMuchOutput
        case tookTooLong
        case cancelled
    }

    /// Runs a program with its arguments and the whole of its environment, and returns what it printed, which the
    /// caller wipes. Its complaints go nowhere: what it says when it fails may hold what it was to keep.
    var output: @Sendable (_ words: [String], _ environment: [String: String]) async throws(Problem) -> [UInt8]

    /// Real processes.
    static let system = limited(to: AWSLimits.processTimeout)

    /// Real processes that have `timeout` to end, by the clock of `sleep`.
    static func limited(
        to timeout: Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) -> ProcessRunner {
        ProcessRunner { (words, environment) async throws(Problem) in
            let result = await withTaskGroup(of: Result<[UInt8], Problem>.self) { group in
                group.addTask {
                    do throws(Problem) {
                        return .success(try await run(words, environment))
                    } catch {
                        return .failure(error)
                    }
                }
                group.addTask {
                    do { try await sleep(timeout) } catch { return .failure(.cancelled) }
                    return .failure(.tookTooLong)
                }
                // The first one counts; what the group waits for then is the end of the process.
                let first = await group.next() ?? .failure(.cancelled)
                group.cancelAll()
                return first
            }
            return try result.get()
        }
    }

    private static func run(_ words: [String], _ environment: [String: String]) async throws(Problem) -> [UInt8] {
        var options = PlatformOptions()
        // A group of its own, so that what it has started ends with it, and a Ctrl-C of the terminal doesn't end it
        // halfway.
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: AWSLimits.processGracePeriod)
        ]
        let path = words[0]
        do {
            let result = try await Subprocess.run(
                path.contains("/") ? .path(.init(path)) : .name(path), arguments: Arguments(Array(words.dropFirst())),
                environment: .custom(
                    Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
                platformOptions: options, input: .none,
                output: .bytes(limit: AWSLimits.processOutputByteCountMax), error: .discarded)
            switch result.terminationStatus {
            case .exited(0): return result.standardOutput
            case .exited(let code): throw Problem.failed(exitCode: Int(code))
            case .signaled(let signal): throw Problem.killed(signal: Int(signal))
            }
        } catch let problem as Problem {
            throw problem
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw .notFound
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw .tooMuchOutput
        } catch {
            throw Task.isCancelled ? .cancelled : .notStarted
        }
    }
}
