import Dredge
import DredgeAWS
import Yams

/// Decodes the hops of `assume_role`.
extension AuthDecoding {
    private static let hopKeys = [
        "role_arn", "external_id", "session_name", "duration", "region", "session_policy", "source_identity", "tags",
        "transitive_tags",
    ]

    func hops(_ value: ConfigValue, isOtherService: Bool) -> [RoleHop]? {
        if case .mapping = value.node {
            value.report("is a mapping, but a list of hops belongs here; put a - before role_arn")
            // So that what is wrong in it is told with it.
            _ = hop(value, isOtherService: isOtherService)
            return nil
        }
        guard let items = value.items("write one hop at least: - {role_arn: …, external_id: …}") else { return nil }
        guard items.count <= AWSLimits.hopCountMax else {
            value.report("has \(items.count) hops; \(AWSLimits.hopCountMax) are the most")
            return nil
        }
        let hops = items.map { hop($0, isOtherService: isOtherService) }
        let found = hops.compactMap { $0 }
        return found.count == items.count ? found : nil
    }

    private func hop(_ value: ConfigValue, isOtherService: Bool) -> RoleHop? {
        guard let mapping = ConfigMapping(value, known: Self.hopKeys, advice: "{role_arn: …, external_id: …}") else {
            return nil
        }
        let problemCount = document.problems.count
        let roleARN = mapping.required("role_arn", "write the ARN of the role to assume")?.checked("write a role's ARN")
        {
            FieldRules.roleARN($0, isOtherService: isOtherService)
        }
        var hop = RoleHop(roleARN: roleARN ?? "")
        hop.externalID = mapping["external_id"]?.checked(
            "write the ID that the role's trust policy asks for", by: RoleHopRules.externalID)
        hop.sessionName = mapping["session_name"]?.checked(
            "write a name, or leave the line out", by: SessionName.complaint)
        hop.duration = mapping["duration"]?.seconds(in: ConfigLimits.sessionSeconds).map { .seconds($0) }
        hop.region = mapping["region"]?.checked("write a region's code, as us-east-1", by: Region.complaint)
        hop.sessionPolicy = mapping["session_policy"].flatMap(sessionPolicy) ?? .narrowed
        hop.sourceIdentity = mapping["source_identity"]?.checked(
            "write an identity", by: RoleHopRules.sourceIdentity)
        if let tags = mapping["tags"] { hop.tags = self.tags(tags) }
        if let keys = mapping["transitive_tags"] { hop.transitiveTagKeys = transitiveTags(keys, of: hop) }
        return document.problems.count == problemCount ? hop : nil
    }

    /// Session tags: https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
    private func tags(_ value: ConfigValue) -> [String: String] {
        guard document.visit(value) else { return [:] }
        guard case .mapping(let mapping) = value.node, value.hasOrdinaryTag else {
            value.report("is \(value.kind), but a mapping belongs here: {project: contracts}")
            return [:]
        }
        if mapping.count > AWSLimits.tagCountMax {
            value.report("has \(mapping.count) tags; \(AWSLimits.tagCountMax) are the most")
            return [:]
        }
        var tags: [String: String] = [:]
        for (key, node) in mapping {
            if let name = document.repeatedName(at: key.mark) {
                document.reportRepeat(
                    of: name, path: "\(value.path).\(Quoting.escaped(name))", at: key.mark, again: nil)
                continue
            }
            guard let name = key.scalar?.string else {
                document.report("a tag's key is text", path: value.path, mark: key.mark)
                continue
            }
            if let complaint = RoleHopRules.tagKey(name) {
                document.report("\(Quoting.quoted(name)) \(complaint)", path: value.path, mark: key.mark)
                continue
            }
            let field = ConfigValue(
                node: node, path: "\(value.path).\(Quoting.escaped(name))", document: document, keyMark: key.mark)
            tags[name] = field.checked("write the tag's value", by: RoleHopRules.tagValue)
        }
        return tags
    }

    private func transitiveTags(_ value: ConfigValue, of hop: RoleHop) -> [String] {
        (value.items("[project]") ?? []).compactMap { item in
            item.checked("write the key of a tag") { RoleHopRules.transitiveTagKey($0, among: hop.tags.keys) }
        }
    }
}
