internal import DredgeLedger

/// What of a listing is still to come, as `run_source.last_listed_key` has it.
///
/// NULL: all of it. A listing that goes from one page to the next has the last key that it recorded. One of several key
/// ranges has the byte 0, and then for each range that is left the key behind which it begins and the last one that may
/// be in it: the length as two bytes, big-endian, 0xFFFF for none, and the key. A build that knows of no ranges lists
/// behind such a key from the start again. A last key that begins with the byte 0 itself is written as a range.
enum ListingPlace {
    private static let none = 0xFFFF

    static func encoded(_ left: [KeyRange]?) -> [UInt8]? {
        guard let left, left != [KeyRange()] else { return nil }
        if left.count == 1, left[0].last == nil, let key = left[0].after, let first = key.first, first != 0 {
            return key
        }
        var bytes: [UInt8] = [0]
        for key in left.lazy.flatMap({ [$0.after, $0.last] }) {
            let length = key?.count ?? none
            bytes += [UInt8(length >> 8), UInt8(length & 0xFF)] + (key ?? [])
        }
        return bytes
    }

    /// What cannot have been written so is taken for nothing: the listing begins anew.
    static func decoded(_ bytes: [UInt8]?) -> [KeyRange] {
        guard let bytes, let first = bytes.first else { return [KeyRange()] }
        guard first == 0 else { return [KeyRange(after: bytes)] }
        var rest = bytes.dropFirst()
        var keys: [[UInt8]?] = []
        while !rest.isEmpty {
            guard rest.count >= 2 else { return [KeyRange()] }
            let length = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst())
            guard length != none else {
                keys.append(nil)
                continue
            }
            guard rest.count >= length else { return [KeyRange()] }
            keys.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        guard keys.count.isMultiple(of: 2) else { return [KeyRange()] }
        let left = stride(from: 0, to: keys.count, by: 2).map { KeyRange(after: keys[$0], last: keys[$0 + 1]) }
        return isInOrder(left) ? left : [KeyRange()]
    }

    /// Whether each range has room, and begins where the one before has ended or later.
    private static func isInOrder(_ left: [KeyRange]) -> Bool {
        let hasRoom = left.allSatisfy { range in
            range.last.map { last in range.after.map { $0.lexicographicallyPrecedes(last) } ?? true } ?? true
        }
        return hasRoom
            && zip(left, left.dropFirst()).allSatisfy { front, behind in
                guard let end = front.last, let begin = behind.after else { return false }
                return !begin.lexicographicallyPrecedes(end)
            }
    }
}
