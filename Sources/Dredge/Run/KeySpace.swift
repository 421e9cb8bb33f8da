import Foundation

/// Where keys stand in the order of a listing, as numbers: so that it can be guessed where half of a range is.
///
/// A key is a fraction, its bytes are the digits. Only bytes that some key was seen to have are digits (the end of a
/// key is 0), so that the guesses look like keys. Nothing relies on a guess: it only says where a listing is cut.
struct KeySpace {
    /// For each byte, how many digits there are up to it.
    private var digits = [Int](repeating: 0, count: 256)
    /// The bytes that are digits, in order.
    private var alphabet: [UInt8] = []
    /// Bytes that all keys begin with.
    private let prefixByteCount: Int

    /// Digits of a number, behind what the keys of a range have in common. Keys that differ only behind them are taken
    /// for one: no guess is made between them.
    private static let digitCount = 256
    /// Digits of a guess behind the one that tells it from the range's first key.
    private static let guessDigitCount = 6

    init(prefixByteCount: Int) { self.prefixByteCount = prefixByteCount }

    /// Takes the bytes of a key for digits.
    mutating func see(_ key: [UInt8]) {
        let new = Set(key.dropFirst(prefixByteCount)).subtracting(alphabet)
        guard !new.isEmpty else { return }
        alphabet = (alphabet + new).sorted()
        for byte in 0..<256 { digits[byte] = alphabet.count { $0 <= byte } }
    }

    /// How much longer the way from `low` to `high` (nil: the end) is than the way from `start` to `low`, where
    /// `start <= low <= high`.
    func ratio(from start: [UInt8], over low: [UInt8], to high: [UInt8]?) -> Double {
        let frame = Frame(self, start, high)
        let (done, left) = (frame.number(low) - frame.number(start), frame.number(high) - frame.number(low))
        guard let unit = done.firstDigit else { return .infinity }
        guard let first = left.firstDigit else { return 0 }
        return left.value(from: first) / done.value(from: unit) * pow(Double(frame.base), Double(unit - first))
    }

    /// A key between `low` and `high` (nil: the end), in the middle as far as can be told; nil: there is none.
    func middle(of low: [UInt8], _ high: [UInt8]?) -> [UInt8]? {
        let frame = Frame(self, low, high)
        return key((frame.number(low) + frame.number(high)).halved, in: frame, low, high)
    }

    /// A key behind `low` and before `high` (nil: the end), whose distance from `low` is in the middle by its number of
    /// digits: between that from `start` to `low` and that from `low` to `high`. nil: there is none.
    func step(from start: [UInt8], over low: [UInt8], to high: [UInt8]?) -> [UInt8]? {
        let frame = Frame(self, start, high)
        let number = frame.number(low)
        guard let first = (frame.number(high) - number).firstDigit else { return nil }
        let place = (first + ((number - frame.number(start)).firstDigit ?? Self.digitCount)) / 2
        var key = frame.common + low.dropFirst(frame.common.count).prefix(place)
        guard key.count == frame.common.count + place, place < Self.digitCount else { return nil }
        let digit = number.digits[place]
        guard digit < alphabet.count else { return nil }
        key.append(alphabet[digit])
        return isBetween(key, low, high) ? key : nil
    }

    /// The number as a key, cut where it is well behind `low`; nil: it is not between `low` and `high`.
    private func key(_ number: Number, in frame: Frame, _ low: [UInt8], _ high: [UInt8]?) -> [UInt8]? {
        let behind = number - frame.number(low)
        guard let first = behind.firstDigit else { return nil }
        var key = frame.common
        for digit in number.digits.prefix(first + Self.guessDigitCount) {
            guard (1...alphabet.count).contains(digit) else { break }
            key.append(alphabet[digit - 1])
        }
        // S3 wants UTF-8: a character that is cut, or put together of others, is left out.
        while key.count > frame.common.count, !isText(key) { key.removeLast() }
        return isBetween(key, low, high) ? key : nil
    }

    private func isBetween(_ key: [UInt8], _ low: [UInt8], _ high: [UInt8]?) -> Bool {
        isText(key) && low.lexicographicallyPrecedes(key) && high.map(key.lexicographicallyPrecedes) ?? true
    }

    private func isText(_ key: [UInt8]) -> Bool { String(decoding: key, as: UTF8.self).utf8.elementsEqual(key) }

    /// What the keys of a range have in common, and how the rest of them is a number.
    private struct Frame {
        let common: [UInt8]
        let base: Int
        private let space: KeySpace

        init(_ space: KeySpace, _ low: [UInt8], _ high: [UInt8]?) {
            self.space = space
            base = space.alphabet.count + 1
            let commonCount = high.map { high in zip(low, high).prefix { $0 == $1 }.count } ?? 0
            common = Array(low.prefix(max(commonCount, min(space.prefixByteCount, low.count))))
        }

        func number(_ key: [UInt8]?) -> Number {
            var digits = [Int](repeating: 0, count: KeySpace.digitCount)
            if let key {
                for (index, byte) in key.dropFirst(common.count).prefix(KeySpace.digitCount).enumerated() {
                    digits[index] = space.digits[Int(byte)]
                }
            } else {
                digits[0] = base
            }
            return Number(digits: digits, base: base)
        }
    }

    /// A number below 2 with digits of any base; the first digit may be too large for it.
    private struct Number {
        var digits: [Int]
        let base: Int

        var firstDigit: Int? { digits.firstIndex { $0 != 0 } }

        /// The digits from this one on, as many as a `Double` holds, as if the first were before the point.
        func value(from first: Int) -> Double {
            digits[first...].prefix(12).reversed().reduce(0) { $0 / Double(base) + Double($1) }
        }

        var halved: Number {
            var (half, rest) = (self, 0)
            for index in digits.indices {
                let digit = rest * base + digits[index]
                (half.digits[index], rest) = (digit / 2, digit % 2)
            }
            return half
        }

        static func + (a: Number, b: Number) -> Number { a.adding(b.digits) }
        /// `a` is not the smaller one.
        static func - (a: Number, b: Number) -> Number { a.adding(b.digits.map { -$0 }) }
        static func < (a: Number, b: Number) -> Bool { a.digits.lexicographicallyPrecedes(b.digits) }

        /// Digit by digit, and then with all but the first one brought into their range.
        private func adding(_ others: [Int]) -> Number {
            var sum = self
            for (index, digit) in others.enumerated() { sum.digits[index] += digit }
            for index in sum.digits.indices.dropFirst().reversed() {
                let digit = sum.digits[index]
                let carry = digit >= 0 ? digit / base : -((base - 1 - digit) / base)
                sum.digits[index] -= carry * base
                sum.digits[index - 1] += carry
            }
            return sum
        }
    }
}
