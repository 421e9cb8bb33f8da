/// Every limit of this layer: what a file may say of itself and is believed. A file that says more ends with a fault.
package enum ParquetLimits {
    /// Bytes of a footer. It has some hundred for each column of a row group, and its values at the edges.
    package static let footerByteCountMax = 16 << 20
    /// Row groups of a file. A group has 128 MiB where a writer has no other setting.
    package static let rowGroupCountMax = 16 << 10
    /// Elements of a schema; an inventory has about 20.
    package static let schemaElementCountMax = 1_024
    /// Rows of a file. A few bytes can stand for very many of them.
    package static let rowCountMax: Int64 = 1 << 31
    /// Structs and lists that stand in one another in a header or a footer; four do.
    static let nestingMax = 16
    /// Bytes of a page's header, with the values at its edges.
    static let pageHeaderByteCountMax = 1 << 20
    /// Bytes of a page's header that are read at first; nearly all are shorter.
    static let pageHeaderByteCountUsual = 1 << 10
    /// Bytes of a page, compressed or not. Writers end one at about 1 MiB.
    static let pageByteCountMax = 16 << 20
    /// Bytes of a page that is a dictionary. Writers give it up at about 1 MiB.
    static let dictionaryByteCountMax = 8 << 20
    /// Memory for the pages and dictionaries of all columns that are read of a file. Usual files take some MiB of it:
    /// a page and a dictionary a column.
    static let memoryByteCountMax = 128 << 20
    /// Values of a block of deltas; writers make 128 or 256.
    static let deltaBlockValueCountMax: UInt64 = 64 << 10
}
