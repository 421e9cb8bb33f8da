/// One alternative of a pattern as an automaton that has a bit for each place between two elements: all ways through
/// the pattern are walked side by side, 64 at a time.
///
/// Bit `i` of the states says that the elements before `i` can match what has been read.
struct GlobStates: Sendable, Hashable {
    private let wordCount: Int
    private let end: Int
    /// Which masks belong to a byte.
    private let classes: [UInt8]
    /// Words of masks, for each class: elements that take such a byte and are done, then those that take it and stay.
    private let masks: [UInt64]
    /// Places behind elements that take a whole character: the bytes behind its first keep them there.
    private let insideCharacter: [UInt64]
    /// Elements that can match nothing; and those of them that can at a slash or at the key's begin only.
    private let skippable: [UInt64]
    private let skippableAtSlash: [UInt64]

    init(_ elements: [GlobPattern.Element]) {
        end = elements.count
        let wordCount = elements.count / 64 + 1
        self.wordCount = wordCount
        func mask(_ isSet: (GlobPattern.Element) -> Bool, shift: Int = 0) -> [UInt64] {
            var words = [UInt64](repeating: 0, count: wordCount)
            for (index, element) in elements.enumerated() where isSet(element) {
                words[(index + shift) / 64] |= 1 << UInt64((index + shift) % 64)
            }
            return words
        }
        // All bytes that no element names are one of two: within a character, or not.
        let named = elements.reduce(into: Set([UInt8(ascii: "/")])) { $0.formUnion($1.named) }
        var classes = [UInt8](repeating: 0, count: 256)
        var masks: [UInt64] = []
        var classCount: UInt8 = 0
        var others: [Bool: UInt8] = [:]
        for byte in UInt8.min ... .max {
            let isContinuation = byte & 0xC0 == 0x80
            if !named.contains(byte), let other = others[isContinuation] {
                classes[Int(byte)] = other
                continue
            }
            if !named.contains(byte) { others[isContinuation] = classCount }
            classes[Int(byte)] = classCount
            classCount &+= 1
            masks += mask { $0.takes(byte) } + mask { $0.stays(at: byte) }
        }
        (self.classes, self.masks) = (classes, masks)
        insideCharacter = mask({ $0.takesCharacter }, shift: 1)
        skippable = mask { $0 == .segment || $0 == .anything }
        skippableAtSlash = mask { $0 == .segment || $0 == .anything || $0 == .directories }
    }

    func matches(_ key: [UInt8]) -> Bool {
        var states = [UInt64](repeating: 0, count: wordCount)
        states[0] = 1
        skipEmpty(&states, skippableAtSlash)
        for byte in key {
            let first = Int(classes[Int(byte)]) * 2 * wordCount
            let isContinuation = byte & 0xC0 == 0x80
            var carry: UInt64 = 0
            var alive: UInt64 = 0
            for word in 0..<wordCount {
                let now = states[word]
                let taken = now & masks[first + word]
                var next = taken << 1 | carry | now & masks[first + wordCount + word]
                if isContinuation { next |= now & insideCharacter[word] }
                carry = taken >> 63
                states[word] = next
                alive |= next
            }
            if alive == 0 { return false }
            skipEmpty(&states, byte == UInt8(ascii: "/") ? skippableAtSlash : skippable)
        }
        return states[end / 64] >> UInt64(end % 64) & 1 == 1
    }

    /// Lets the place behind an element that matches nothing be reached. Few of them stand next to each other.
    private func skipEmpty(_ states: inout [UInt64], _ skippable: [UInt64]) {
        var isChanged = true
        while isChanged {
            isChanged = false
            var carry: UInt64 = 0
            for word in 0..<wordCount {
                let skipped = states[word] & skippable[word]
                let next = states[word] | skipped << 1 | carry
                carry = skipped >> 63
                if next != states[word] { (states[word], isChanged) = (next, true) }
            }
        }
    }
}

extension GlobPattern.Element {
    /// The bytes that it treats like no others.
    fileprivate var named: [UInt8] {
        switch self {
        case .byte(let byte): [byte]
        case .set(let ranges, _): ranges.flatMap { Array($0) }
        case .character, .segment, .anything, .directories: []
        }
    }

    /// Whether it takes this byte, as its last one or its only one.
    fileprivate func takes(_ byte: UInt8) -> Bool {
        let isSlash = byte == UInt8(ascii: "/")
        let isContinuation = byte & 0xC0 == 0x80
        return switch self {
        case .byte(let wanted): byte == wanted
        case .character: !isSlash && !isContinuation
        case .set(let ranges, let negated):
            !isSlash && !isContinuation && ranges.contains { $0.contains(byte) } != negated
        case .segment, .anything, .directories: false
        }
    }

    /// Whether it takes this byte, and may take more.
    fileprivate func stays(at byte: UInt8) -> Bool {
        switch self {
        case .segment: byte != UInt8(ascii: "/")
        case .anything, .directories: true
        case .byte, .character, .set: false
        }
    }
}
