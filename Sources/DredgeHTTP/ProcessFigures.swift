#if Server
    internal import Foundation

    #if canImport(Glibc)
        internal import Glibc
    #elseif canImport(Musl)
        internal import Musl
    #else
        internal import Darwin
    #endif

    /// What this process uses.
    struct ProcessFigures: Sendable {
        /// User and system time.
        var cpuSeconds: Double
        /// Since 1970.
        var startSeconds: Double
        /// nil: this system does not tell.
        var residentByteCount: Int?
        /// nil: this system does not tell.
        var descriptorCount: Int?
        /// The soft limit.
        var descriptorCountMax: UInt64

        private static let start = Date().timeIntervalSince1970

        static func now() -> ProcessFigures {
            var usage = rusage()
            #if canImport(Glibc)
                getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            #else
                getrusage(RUSAGE_SELF, &usage)
            #endif
            func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
            return ProcessFigures(
                cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), startSeconds: start,
                residentByteCount: residentByteCount(),
                descriptorCount: try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count,
                descriptorCountMax: descriptorCountMax)
        }

        /// Files and connections that may be open: the soft limit.
        static var descriptorCountMax: UInt64 {
            var limit = rlimit()
            #if canImport(Glibc)
                getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #else
                getrlimit(RLIMIT_NOFILE, &limit)
            #endif
            return UInt64(limit.rlim_cur)
        }

        /// The second number of `/proc/self/statm`, in pages (proc_pid_statm(5)).
        private static func residentByteCount() -> Int? {
            guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
            return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * Int(getpagesize()) }
        }
    }
#endif
