/// Columns of text under each other.
enum TextTable {
    enum Alignment { case left, right }

    /// - Parameter rows: each with as many cells as there are alignments; widths are counted in characters.
    static func lines(header: [String]?, rows: [[String]], alignments: [Alignment], indent: Int = 0) -> [String] {
        let all = (header.map { [$0] } ?? []) + rows
        let widths = alignments.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = String(repeating: " ", count: indent)
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += alignments[column] == .left ? cell + padding : padding + cell
                if column < row.count - 1 { line += "  " }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
