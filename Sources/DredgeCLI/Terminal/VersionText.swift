import CBuild
import CCompression
import CCrypto
import CCurl
import CExpat
import CLZ4
import CTextKernels
import CZlib
import Dredge
import DredgeText
import GRDBSQLite

/// What `dredge --version` tells.
enum VersionText {
    /// `dredge 0.1.0 (commit 1a2b3c4d5e6f, 2026-11-30; server)`: without the commit where the build was not told it.
    static let title = firstLine(commit: build_commit().map { String(cString: $0) })

    static func firstLine(commit: String?) -> String {
        let known = [commit.map { "commit \($0)" }, hasServer ? "server" : nil].compactMap(\.self)
        return "dredge \(Version.current)" + (known.isEmpty ? "" : " (\(known.joined(separator: "; ")))")
    }

    /// The libraries that the process has found, and the instructions that it uses on this CPU.
    static var details: String {
        // "libcurl/7.88.1 OpenSSL/3.0.17 zlib/1.2.13 …"
        let curl = String(cString: curl_version()).split(separator: " ").prefix(2).map {
            $0.replacing("/", with: " ").replacing("libcurl", with: "curl")
        }
        let libraries = [
            curl.joined(separator: " with "), "OpenSSL \(String(cString: OpenSSL_version(OPENSSL_VERSION_STRING)))",
            "SQLite \(String(cString: sqlite3_libversion()))", "LZ4 \(String(cString: LZ4_versionString()))",
            "zlib \(String(cString: zlibVersion()))",
            String(cString: XML_ExpatVersion()).replacing("expat_", with: "Expat "),
        ]
        let best = cz_best_path()
        let kernels = [
            "scans by \(String(cString: tk_path_name(tk_path_active())))",
            "counts by \(TokenCounter(.o200kBase).pathName)",
            "compresses by \(best == CZ_PATH_PORTABLE ? "liblz4" : String(cString: cz_path_name(best)))",
        ]
        return "libraries: \(libraries.joined(separator: ", "))\nthis CPU: \(kernels.joined(separator: ", "))"
    }

    #if Server
        private static let hasServer = true
    #else
        private static let hasServer = false
    #endif
}
