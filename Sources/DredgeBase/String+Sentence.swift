extension String {
    /// With a full stop at its end, unless it has an end mark or is empty.
    package var closed: String {
        guard let last, !".!?".contains(last) else { return self }
        return self + "."
    }
}
