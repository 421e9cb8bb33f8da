/// What clients attach to documents: names with texts, numbers, booleans or lists of texts.
enum Metadata {
    /// Reads `custom_metadata`.
    static func read(_ fields: inout RequestFields) -> [String: JSON] {
        guard let value = fields.value("custom_metadata") else { return [:] }
        guard case .object(let members) = value else {
            fields.complain("custom_metadata", "An object is needed here.", "dict_type")
            return [:]
        }
        if members.count > ServiceLimits.metadataFieldCountMax {
            fields.complain(
                "custom_metadata", "There may be at most \(ServiceLimits.metadataFieldCountMax) fields.", "too_long")
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let complaint = complaint(name, value) {
                fields.add([
                    FieldProblem(
                        location: ["body", "custom_metadata", name], message: complaint, type: "value_error")
                ])
            }
        }
        return members
    }

    private static func complaint(_ name: String, _ value: JSON) -> String? {
        let lengthMax = ServiceLimits.metadataTextLengthMax
        if name.isEmpty || name.count > lengthMax { return "A name has 1 to \(lengthMax) characters." }
        if name.hasPrefix("$") { return "A name does not begin with '$': filters use that." }
        switch value {
        case .bool, .integer, .number: return nil
        case .string(let text) where text.count <= lengthMax: return nil
        case .array(let items) where items.count <= ServiceLimits.metadataListCountMax:
            let texts = items.compactMap(\.stringValue)
            if texts.count == items.count, texts.allSatisfy({ $0.count <= lengthMax }) { return nil }
        default: break
        }
        return "A text, a number, true, false or a list of texts is needed here, each text of at most \(lengthMax) "
            + "characters."
    }
}
