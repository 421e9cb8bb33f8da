internal import DredgeBase
package import DredgeLedger
internal import Foundation

/// The one name of a store's file.
///
/// SQLite's log and shared memory, and our lock, have the name of the database with a suffix. A file that is used under
/// two names has two of each, and two writers (https://www.sqlite.org/howtocorrupt.html, section 2.5). So a symbolic
/// link is followed before any of these is named, and a file with several hard links is refused.
package enum StorePath {
    /// The name under which the file at `path` is used, which need not be there yet. Throws `cannotOpen` for what can't
    /// be a store.
    package static func resolve(_ path: String) throws(StoreError) -> String {
        func refusal(_ message: String, _ advice: String) -> StoreError {
            StoreError(code: .cannotOpen, path: path, message: message, advice: advice)
        }
        guard !path.isEmpty else { throw refusal("The store's path is empty.", "Name a file.") }
        var info = stat()
        guard lstat(path, &info) == 0 else { return path }
        var name = path
        if info.st_mode & S_IFMT == S_IFLNK {
            guard let real = realpath(path, nil) else {
                throw refusal(
                    "\(path) is a symbolic link that leads nowhere: \(String(cString: strerror(errno))).",
                    "Remove the link, or create the file's directory and name the file itself.")
            }
            defer { free(real) }
            name = String(cString: real)
            // Gone again between the two calls: then it is as if it had never been there.
            guard stat(name, &info) == 0 else { return name }
        }
        switch info.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR:
            throw refusal(
                "\(path) is a directory.", "A store is a file: name one in it, such as \(path)/index.chunks.")
        default: throw refusal("\(path) is not a regular file.", "Name a file, or a path where none is yet.")
        }
        guard info.st_nlink <= 1 else {
            throw refusal(
                "\(path) has \(info.st_nlink) names (hard links). SQLite would keep a log for each, and lose data.",
                "Remove the other names, or use a copy: find the names with `find DIRECTORY -samefile \(path)`.")
        }
        return name
    }

    /// SQLite gives a meaning to names that begin with "file:" or ":memory:"; a path that begins with "/" or "./" is
    /// only a path.
    static func forSQLite(_ path: String) -> String { path.hasPrefix("/") ? path : "./" + path }

    /// The same as a URI (https://www.sqlite.org/uri.html) that says that nobody changes the file: SQLite takes no lock
    /// then, and looks for no log.
    static func unchanging(_ path: String) -> String {
        var name = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: name += "%" + Hexadecimal.string([byte])
            }
        }
        return "file:\(name)?immutable=1"
    }
}

/// Which file a name leads to.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64

    init?(_ path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        (device, inode) = (UInt64(truncatingIfNeeded: info.st_dev), UInt64(info.st_ino))
    }
}
