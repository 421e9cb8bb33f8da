import Foundation

/// A directory that goes with the test.
final class TemporaryDirectory: Sendable {
    let path: String
    init() {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("dredge-shards-\(UUID().uuidString)").path
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var url: URL { URL(fileURLWithPath: path, isDirectory: true) }
    func file(_ name: String) -> String { "\(path)/\(name)" }
}
