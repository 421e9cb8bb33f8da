import DredgeAWS
import DredgeIAM

/// What the statements of a policy allow together.
extension LintRun {
    /// Listing and reading must be about the same bucket, and the same prefix of it.
    mutating func reach(_ statements: [JSONValue], _ value: JSONValue, _ path: String) {
        guard kind == .permissions || kind == .bucket else { return }
        var listed: [Listed] = [], read: [Read] = []
        for (index, statement) in statements.enumerated() where statement["Effect"]?.string == "Allow" {
            let path = value.array == nil ? path : "\(path)[\(index)]"
            let actions = statement["Action"].map(Self.scalars) ?? []
            guard let resource = statement["Resource"] else { continue }
            func allows(_ action: String) -> Bool {
                actions.contains { PolicyMatch.matches(action, pattern: $0.lowercased()) }
            }
            for (text, value, path) in Self.texts(resource, Self.joined(path, "Resource")) {
                let place = text.flatMap(S3Place.init)
                // What can't be told may be any bucket.
                guard let place, !place.isPattern else {
                    if text == nil || text == "*" || place != nil, allows("s3:listbucket") || allows("s3:getobject") {
                        return
                    }
                    continue
                }
                if place.key == nil, allows("s3:listbucket") {
                    listed.append(Listed(bucket: place.bucket, prefixes: Self.prefixes(statement, path)))
                }
                if let key = place.key, allows("s3:getobject") {
                    read.append(Read(bucket: place.bucket, key: key, value: value, path: path))
                }
            }
        }
        buckets(listed, read)
        prefixes(listed, read)
    }

    private struct Listed {
        var bucket: String
        /// Of the condition; nil: there is none.
        var prefixes: [(text: String, value: JSONValue, path: String)]?
    }

    private struct Read {
        var bucket: String
        var key: String
        var value: JSONValue
        var path: String
    }

    private mutating func buckets(_ listed: [Listed], _ read: [Read]) {
        let lists = Set(listed.map(\.bucket)), reads = Set(read.map(\.bucket))
        guard let onlyListed = listed.first(where: { !reads.contains($0.bucket) })?.bucket,
            let onlyRead = read.first(where: { !lists.contains($0.bucket) })
        else { return }
        problem(
            "buckets-differ", onlyRead.value, onlyRead.path,
            "objects of \(shown(onlyRead.bucket)) may be read, but it is \(shown(onlyListed)) that may be listed",
            "Name the same bucket for both.")
    }

    private mutating func prefixes(_ listed: [Listed], _ read: [Read]) {
        for bucket in Set(read.map(\.bucket)).sorted() {
            let lists = listed.filter { $0.bucket == bucket }
            let prefixes = lists.compactMap(\.prefixes).flatMap(\.self)
            guard !lists.isEmpty, lists.allSatisfy({ $0.prefixes != nil }), let first = prefixes.first else { continue }
            for item in read where item.bucket == bucket {
                let key = PolicyMatch.literalStart(of: item.key)
                let agrees = prefixes.contains {
                    let prefix = PolicyMatch.literalStart(of: $0.text)
                    return prefix.hasPrefix(key) || key.hasPrefix(prefix)
                }
                guard !agrees else { continue }
                let hint =
                    first.text.hasPrefix("/")
                    ? "Keys begin with no slash: write it without one."
                    : "Write the same prefix in both: s3:prefix \(shown("\(key)*")), or the objects' ARN after it."
                problem(
                    "prefix-differs", first.value, first.path,
                    "listings are allowed under \(shown(first.text)), but objects are read under \(shown(item.key))",
                    hint)
                break
            }
        }
    }

    /// The prefixes that listings are narrowed to; nil: to none.
    private static func prefixes(
        _ statement: JSONValue, _ path: String
    ) -> [(text: String, value: JSONValue, path: String)]? {
        // The path is that of a resource of the statement.
        let path = path.replacing(/\.Resource(\[\d+\])?$/, with: "")
        for item in statement["Condition"]?.members ?? [] where ["StringLike", "StringEquals"].contains(item.name) {
            for key in item.value.members ?? [] where key.name.lowercased() == "s3:prefix" {
                return texts(key.value, "\(path).Condition.\(item.name).\(key.name)").compactMap { text, value, path in
                    text.map { ($0, value, path) }
                }
            }
        }
        return nil
    }

    /// The items of a value that may be one or an array of them; nil: one is no string.
    private static func texts(_ value: JSONValue, _ path: String) -> [(text: String?, value: JSONValue, path: String)] {
        value.array.map { $0.enumerated().map { ($0.element.string, $0.element, "\(path)[\($0.offset)]") } }
            ?? [(value.string, value, path)]
    }

    /// A bucket or access point, and the keys of its objects that a resource is about.
    private struct S3Place {
        var bucket: String
        /// nil: the bucket itself.
        var key: String?

        init?(_ text: String) {
            guard let arn = ARN(text), arn.service == "s3" else { return nil }
            var (name, rest): (Substring, Substring?) = (arn.resource[...], nil)
            if arn.resource.hasPrefix("accesspoint/") {
                if let range = arn.resource.firstRange(of: "/object/") {
                    (name, rest) = (arn.resource[..<range.lowerBound], arn.resource[range.upperBound...])
                }
            } else if let slash = arn.resource.firstIndex(of: "/") {
                (name, rest) = (arn.resource[..<slash], arn.resource[slash...].dropFirst())
            }
            bucket = [arn.region, arn.account, String(name)].filter { !$0.isEmpty }.joined(separator: ":")
            key = rest.map(String.init)
        }

        var isPattern: Bool { bucket.contains { "*?$".contains($0) } }
    }

    /// A session gets tags only where that is allowed, too.
    mutating func tagSession(_ statements: [JSONValue], _ value: JSONValue, _ path: String) {
        guard kind == .trust || kind == .permissions else { return }
        func allows(_ statement: JSONValue, _ action: String) -> Bool {
            statement["Effect"]?.string == "Allow"
                && (statement["Action"].map(Self.scalars) ?? []).contains {
                    PolicyMatch.matches(action, pattern: $0.lowercased())
                }
        }
        guard !statements.contains(where: { allows($0, "sts:tagsession") }) else { return }
        for (index, statement) in statements.enumerated() where allows(statement, "sts:assumerole") {
            let path = value.array == nil ? path : "\(path)[\(index)]"
            for item in statement["Condition"]?.members ?? [] {
                for key in item.value.members ?? [] {
                    let name = key.name.lowercased()
                    guard name.hasPrefix("aws:requesttag/") || ["aws:tagkeys", "sts:transitivetagkeys"].contains(name)
                    else { continue }
                    report(
                        "tag-session-missing", .problem, key.place, "\(path).Condition.\(item.name).\(key.name)",
                        "this asks for session tags, but nothing allows sts:TagSession, without which nobody may send "
                            + "any",
                        #"Add it: "Action": ["sts:AssumeRole", "sts:TagSession"]."#)
                    return
                }
            }
        }
    }
}
