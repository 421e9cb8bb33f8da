import DredgeBase
import DredgeS3
import Foundation

/// What reads the objects of an inventory's file, in one of the formats.
protocol ObjectRows {
    /// The next object; nil: there are no more. Older versions and delete markers are no objects.
    mutating func next() throws(InventoryReader.Problem) -> ListedObject?
}

extension InventoryReader: ObjectRows {}

/// The objects of all files of an inventory, one after the other. Memory is that of one file's rows.
struct InventoryRows: ObjectRows {
    private let inventory: Inventory
    private var nextFile = 0
    private var rows: (any ObjectRows)?

    init(_ inventory: Inventory) { self.inventory = inventory }

    mutating func next() throws(InventoryReader.Problem) -> ListedObject? {
        while true {
            if let object = try rows?.next() { return object }
            rows = nil
            guard nextFile < inventory.files.count else { return nil }
            let file = inventory.files[nextFile]
            nextFile += 1
            try file.check()
            rows =
                switch inventory.format {
                case .csv: InventoryReader(inventory.only(file))
                case .parquet: try ParquetInventoryReader(inventory.only(file))
                }
        }
    }
}

extension Inventory.DataFile {
    /// Bytes that are read at once.
    private static let readByteCount = 1 << 20

    /// Holds its bytes against the manifest's MD5, before a row of it is believed. Reading all of it once more costs
    /// little beside unpacking it.
    func check() throws(InventoryReader.Problem) {
        guard let md5, var digest = MD5() else { return }
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw InventoryReader.Problem(message: "\(path) can't be opened")
        }
        do {
            while let bytes = try file.read(upToCount: Self.readByteCount), !bytes.isEmpty {
                bytes.withUnsafeBytes { digest.update($0) }
            }
        } catch {
            throw InventoryReader.Problem(message: "\(path) can't be read")
        }
        guard Hexadecimal.string(digest.finish()) == md5 else {
            throw InventoryReader.Problem(
                message: "\(path) has another MD5 than the manifest's \(md5): it is damaged, or another file")
        }
    }
}
