internal import Foundation

/// A condition of a filter that compares a document's URI with a text.
struct URIBound: Sendable, Hashable {
    var operation: MetadataFilter.Operator
    var text: [UInt8]

    /// Texts are compared by their bytes, which is the order of their Unicode scalars.
    func holds(_ uri: UnsafeRawBufferPointer) -> Bool {
        let order = text.withUnsafeBytes { text in
            guard let left = uri.baseAddress, let right = text.baseAddress else { return uri.count - text.count }
            let common = memcmp(left, right, min(uri.count, text.count))
            return common != 0 ? Int(common) : uri.count - text.count
        }
        return switch operation {
        case .equal, .anyOf: order == 0
        case .notEqual, .noneOf: order != 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        }
    }
}

extension MetadataFilter {
    /// The filter in two parts, both of which must hold.
    func split() -> (bounds: [URIBound], rest: MetadataFilter) {
        switch self {
        case .field("uri", let operation, .string(let text)):
            ([URIBound(operation: operation, text: Array(text.utf8))], .all([]))
        case .all(let parts):
            parts.reduce(into: ([], .all([]))) { split, part in
                let (bounds, rest) = part.split()
                split.bounds += bounds
                if rest != .all([]), case .all(let others) = split.rest { split.rest = .all(others + [rest]) }
            }
        case .any, .field, .member: ([], self)
        }
    }
}
