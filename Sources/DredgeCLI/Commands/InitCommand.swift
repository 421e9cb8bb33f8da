import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import Foundation

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a config file for one bucket, with comments.",
        discussion: """
            What the flags don't say is asked, where standard input is a terminal. Nothing is asked of AWS; the next \
            step is `dredge check`. A file that is there is never overwritten.
            """,
        example: """
            dredge init contracts.yaml --bucket s3://acme-contracts/2025/ \
            --role-arn arn:aws:iam::123456789012:role/DredgeRead --external-id 7b9e…
            """, hasRareFlags: true)

    @Argument(help: ArgumentHelp("The file to write; -: standard output.", valueName: "config"), completion: .file())
    var config = "dredge.yaml"

    @Option(help: ArgumentHelp("s3://bucket/prefix.", valueName: "url"))
    var bucket: String?

    @Option(help: ArgumentHelp("The source's name; default: bucket and prefix.", valueName: "name"))
    var name: String?

    @Option(help: "The store's file; default: named after the bucket.", completion: .file())
    var store: String?

    @Option(help: ArgumentHelp("Only keys that match, as '*.txt'; may be given several times.", valueName: "glob"))
    var include: [String] = []

    @OptionGroup(title: "Access") var access: AccessOptions

    func run() throws {
        guard config == "-" || !FileManager.default.fileExists(atPath: config) else {
            throw CommandFailure(.usage, "dredge: \(Quoting.escaped(config)) is there already; name another file")
        }
        var draft = ConfigDraft(store: store, include: include)
        draft.url = try bucket ?? Question.ask("The bucket, as s3://bucket/prefix", flag: "--bucket")
        var access = access
        if access.isEmpty, bucket == nil { try ask(&access) }
        var check = FlagCheck()
        var addressed = AddressedSource(
            draft.url, access, environment: ProcessInfo.processInfo.environment, &check)
        if !addressed.source.include.isEmpty, !include.isEmpty {
            check.report("--include stands beside a URL with a pattern; give one of them")
        }
        for pattern in include { check.rule("--include", pattern, FieldRules.keyPattern) }
        check.rule("--store", store, FieldRules.storePath)
        check.rule("--name", name, FieldRules.name)
        try addressed.finish(check) { source in
            if let name {
                source.name = name
            } else if FieldRules.name(source.name) != nil {
                // Too long with its prefix.
                source.name = source.bucket
            }
        }
        let text = draft.text(addressed.source, access)
        // What is written can be read.
        do { _ = try Config(text, fileName: config, environment: ProcessInfo.processInfo.environment) } catch {
            throw CommandFailure(.usage, of: error, error.description)
        }
        if config == "-" { return try StandardOutput.shared.write(text) }
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: config), options: .withoutOverwriting) } catch {
            // What a full disk leaves would be there already the next time.
            if (error as? CocoaError)?.code != .fileWriteFileExists {
                try? FileManager.default.removeItem(atPath: config)
            }
            throw CommandFailure(
                .fatal, "dredge: \(Quoting.escaped(config)) can't be written: \(error.localizedDescription)")
        }
        let file = Quoting.escaped(config)
        StandardError.write(
            """
            Wrote \(file). Next:
              dredge check \(file)            whether the bucket can be read, and if not, what to change
              dredge run \(file) --dry-run    what would be read
              dredge run \(file)

            """)
    }

    private func ask(_ access: inout AccessOptions) throws {
        let way = try Question.ask(
            "How is it read? role: by a role in the bucket's account; ambient: by this machine's own identity; "
                + "public: without signing", flag: "--role-arn", among: ["role", "ambient", "public"])
        switch way {
        case "role":
            access.roleARNs = [try Question.ask("The role's ARN", flag: "--role-arn", FieldRules.anyRoleARN)]
            let id = try Question.ask("Its external ID (empty: none)", flag: "--external-id", mayBeEmpty: true) {
                $0.isEmpty ? nil : RoleHopRules.externalID($0)
            }
            if !id.isEmpty { access.externalIDs = [id] }
        case "public": access.noSignRequest = true
        default: break
        }
    }
}

/// A question on a terminal.
private enum Question {
    /// Asks until the answer is right.
    /// - Parameter flag: what gives the answer where nobody can be asked.
    static func ask(
        _ question: String, flag: String, mayBeEmpty: Bool = false, _ complaint: (String) -> String? = { _ in nil }
    ) throws -> String {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(.usage, "dredge: \(flag) is missing, and standard input is no terminal to ask on")
        }
        while true {
            StandardError.write("\(question): ")
            guard let line = readLine() else { throw CommandFailure(.usage, "\ndredge: nothing was written") }
            let answer = line.trimmingCharacters(in: .whitespaces)
            if answer.isEmpty, !mayBeEmpty { continue }
            guard let complaint = complaint(answer) else { return answer }
            StandardError.write("\(Quoting.quoted(answer)) \(complaint)\n")
        }
    }

    static func ask(_ question: String, flag: String, among choices: [String]) throws -> String {
        try ask("\(question) [\(choices[0])]", flag: flag, mayBeEmpty: true) {
            $0.isEmpty || choices.contains($0) ? nil : "is none of \(choices.joined(separator: ", "))"
        }.nonEmpty ?? choices[0]
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

extension FieldRules {
    fileprivate static func anyRoleARN(_ text: String) -> String? { roleARN(text, isOtherService: false) }
}

/// The text of a config for one source.
private struct ConfigDraft {
    var url = ""
    let store: String?
    let include: [String]

    init(store: String?, include: [String]) {
        self.store = store
        self.include = include
    }

    func text(_ source: Source, _ access: AccessOptions) -> String {
        let patterns = source.include + include
        var lines = [
            "# What dredge indexes. `dredge check FILE` says whether it can be read, `dredge run FILE` indexes it.",
            "store: \(Self.quoted(store ?? "./\(source.bucket.split(separator: "/").last ?? "documents").chunks"))",
            "tokenizer: o200k_base             # or cl100k_base",
            "chunking: {max_tokens: 512}       # the most tokens of a chunk",
            "sources:",
            "  - name: \(Self.quoted(source.name))",
            "    \(source.bucket.hasPrefix("arn:") ? "bucket_arn" : "bucket"): \(Self.quoted(source.bucket))",
            source.prefix.isEmpty
                ? "    # prefix: \"2025/\"              # how the keys begin; without it, all keys"
                : "    prefix: \(Self.quoted(source.prefix))",
        ]
        let settings: [(String, String?)] = [
            ("region", source.region), ("endpoint_url", source.endpointURL),
            ("sts_endpoint_url", source.stsEndpointURL), ("expected_bucket_owner", access.expectedBucketOwner),
            ("request_payer", access.requestPayer),
        ]
        for (key, value) in settings {
            if let value { lines.append("    \(key): \(Self.quoted(value))") }
        }
        if access.pathStyle { lines.append("    path_style: true") }
        if access.requireExternalID { lines.append("    require_external_id: true") }
        lines += auth(source)
        lines += [
            patterns.isEmpty
                ? "    # include: [\"*.txt\", \"*.jsonl\"]  # only such keys; a pattern without / matches at any depth"
                : "    include: [\(patterns.map(Self.quoted).joined(separator: ", "))]",
            "    # exclude: [\"**/tmp/**\"]         # no such keys",
            "    # min_size: 1KiB, max_size: 1GiB, modified_after: 2026-01-31: each on a line of its own",
            "    # deletions: remove             # what becomes of documents that are no longer listed: or keep, mark",
        ]
        if let profile = access.profile { lines.insert("credentials: {profile: \(Self.quoted(profile))}", at: 4) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func auth(_ source: Source) -> [String] {
        switch source.auth {
        case .anonymous: return ["    auth: anonymous                 # nobody signs"]
        case .ambient, .accessKey, .callback:
            return ["    auth: ambient                   # this machine's own identity"]
        case .assumeRole(let hops):
            var lines = ["    auth:", "      assume_role:                  # the first role first"]
            for hop in hops {
                lines.append("        - role_arn: \(Self.quoted(hop.roleARN))")
                if let id = hop.externalID { lines.append("          external_id: \(Self.quoted(id))") }
                if let name = hop.sessionName { lines.append("          session_name: \(Self.quoted(name))") }
                if let duration = hop.duration {
                    lines.append("          duration: \(Quantities.spelledSeconds(Int(duration.components.seconds)))")
                }
            }
            return lines
        }
    }

    /// As JSON quotes it, which YAML reads; a `${` stays one.
    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let text = text.replacing("${", with: "$${")
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
