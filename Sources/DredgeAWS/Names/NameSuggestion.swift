/// Guesses which known name was meant by an unknown one.
package enum NameSuggestion {
    /// The known name nearest to `name`, if it is near enough to be likely: the same but for case, `-` and `_`, or
    /// within a third of its length in edits (insertions, deletions, substitutions, swapped neighbours).
    package static func nearest(to name: String, among known: [String]) -> String? {
        let folded = fold(name)
        guard folded.count <= 64 else { return nil }
        if let same = known.first(where: { fold($0) == folded }) { return same }
        let ranked = known.map { (name: $0, distance: editDistance(folded, fold($0))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, min(folded.count, best.name.count) / 3) ? best.name : nil
    }

    private static func fold(_ name: String) -> [Character] {
        name.lowercased().filter { $0 != "-" && $0 != "_" }.map { $0 }
    }

    /// Optimal string alignment: O(a × b) time, three rows of memory.
    package static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
