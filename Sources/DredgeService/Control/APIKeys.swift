internal import DredgeBase
internal import Foundation
internal import GRDB

/// A key that was just made.
public struct NewAPIKey: Sendable, Codable {
    /// The key. It is shown this once, and kept nowhere.
    public var key: String
    /// Names the key, for `revoke`.
    public var keyID: String
    /// Whose it is.
    public var organizationID: String
    /// What it is for.
    public var environment: APIEnvironment
}

/// A key, as a list shows it.
public struct APIKeyRecord: Sendable, Codable {
    /// Names the key.
    public var keyID: String
    /// Whose it is.
    public var organizationID: String
    /// The organization's name.
    public var organization: String
    /// What it is for.
    public var environment: APIEnvironment
    /// In its maker's words.
    public var name: String?
    /// How the key begins; nil: it was made before that was kept.
    public var prefix: String?
    /// When it was made, ISO 8601.
    public var createdAt: String
    /// When it was last used, ISO 8601, to the hour; nil: never, as far as is known.
    public var lastUsedAt: String?
    /// When it was revoked, ISO 8601; nil: it is valid.
    public var revokedAt: String?
}

/// The keys of all organizations.
public struct APIKeys: Sendable {
    let database: ControlDatabase

    /// Makes a key for the organization of this name; the first one makes the organization. Throws `ServiceError` for a
    /// name that can't be one.
    public func create(organization name: String, environment: APIEnvironment) async throws -> NewAPIKey {
        let name = name.trimmingCharacters(in: .whitespaces)
        guard (1...ServiceLimits.organizationNameLengthMax).contains(name.count),
            !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw ServiceError.invalid(
                "organization",
                "An organization's name has 1 to \(ServiceLimits.organizationNameLengthMax) characters, no controls.")
        }
        return try await database.write { db in
            let now = Date().timeIntervalSince1970
            let known = try String.fetchOne(db, sql: "SELECT id FROM organization WHERE name = ?", arguments: [name])
            let id = known ?? UUID().uuidString.lowercased()
            if known == nil {
                try db.execute(
                    sql: "INSERT INTO organization(id, name, created) VALUES (?, ?, ?)", arguments: [id, name, now])
            }
            return try Self.insert(db, organization: id, environment, name: nil, now: now)
        }
    }

    /// Makes another key for the caller's organization and environment. Throws `ServiceError` for a name that can't be
    /// one, and where there are too many keys.
    public func create(name: String, for caller: Caller) async throws -> NewAPIKey {
        guard (1...ServiceLimits.keyNameLengthMax).contains(name.count),
            !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw ServiceError.invalid(
                "name", "A key's name has 1 to \(ServiceLimits.keyNameLengthMax) characters, no controls.")
        }
        return try await database.write { db in
            let count =
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM api_key WHERE organization = ? AND environment = ? AND revoked IS NULL
                        """, arguments: [caller.organization, caller.environment.rawValue]) ?? 0
            guard count < ServiceLimits.keyCountMax else {
                throw ServiceError.refused(
                    .conflict, "too_many_keys", "There are \(count) keys, which is the most. Revoke one first.")
            }
            return try Self.insert(
                db, organization: caller.organization, caller.environment, name: name,
                now: Date().timeIntervalSince1970)
        }
    }

    private static func insert(
        _ db: Database, organization: String, _ environment: APIEnvironment, name: String?, now: Double
    ) throws -> NewAPIKey {
        let key = "cap_\(environment.keyPart)_\(RandomToken.hexadecimal(byteCount: 32))"
        let keyID = RandomToken.identifier("key")
        try db.execute(
            sql: """
                INSERT INTO api_key(id, organization, environment, sha256, created, name, prefix)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                keyID, organization, environment.rawValue, SHA256.hex(Array(key.utf8)), now, name,
                String(key.prefix("cap_\(environment.keyPart)_".count + 4)),
            ])
        return NewAPIKey(key: key, keyID: keyID, organizationID: organization, environment: environment)
    }

    /// All keys, or those of one organization, the oldest first.
    public func list(organization: String? = nil) async throws -> [APIKeyRecord] {
        try await records("WHERE organization.name = ifnull(?, organization.name)", [organization])
    }

    /// The keys of the caller's organization and environment, the oldest first.
    public func list(for caller: Caller) async throws -> [APIKeyRecord] {
        try await records(
            "WHERE organization = ? AND environment = ?", [caller.organization, caller.environment.rawValue])
    }

    /// Whether the key with this ID was not revoked.
    public func isValid(_ keyID: String) async throws -> Bool {
        try await database.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT revoked IS NULL FROM api_key WHERE id = ?", arguments: [keyID]) ?? false
        }
    }

    /// The key with this ID; nil: there is none.
    public func record(_ keyID: String) async throws -> APIKeyRecord? {
        try await records("WHERE api_key.id = ?", [keyID]).first
    }

    private func records(_ condition: String, _ arguments: StatementArguments) async throws -> [APIKeyRecord] {
        try await database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT api_key.id, organization.id, organization.name, environment, api_key.created, revoked,
                        api_key.name, prefix, last_used
                    FROM api_key JOIN organization ON organization.id = organization
                    \(condition) ORDER BY api_key.created, api_key.id
                    """, arguments: arguments
            ).map { row in
                APIKeyRecord(
                    keyID: row[0], organizationID: row[1], organization: row[2],
                    environment: APIEnvironment(rawValue: row[3]) ?? .development, name: row[6], prefix: row[7],
                    createdAt: timeText(row[4]), lastUsedAt: (row[8] as Double?).map(timeText),
                    revokedAt: (row[5] as Double?).map(timeText))
            }
        }
    }

    /// Makes a key invalid, from now on; whether there was such a valid key.
    public func revoke(keyID: String) async throws -> Bool {
        try await database.write { db in
            try db.execute(
                sql: "UPDATE api_key SET revoked = ? WHERE id = ? AND revoked IS NULL",
                arguments: [Date().timeIntervalSince1970, keyID])
            return db.changesCount > 0
        }
    }

    /// Whose key this is; nil: nobody's, or a revoked one. The search is for its SHA-256, so how long it takes tells
    /// nothing of other keys.
    public func caller(withKey key: String) async throws -> Caller? {
        let sha256 = SHA256.hex(Array(key.utf8))
        let found = try database.readAtOnce { db -> (caller: Caller, lastUse: Double?)? in
            try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT id, organization, environment, last_used FROM api_key
                        WHERE sha256 = ? AND revoked IS NULL
                        """), arguments: [sha256]
            ).flatMap { row in
                APIEnvironment(rawValue: row[2]).map {
                    (Caller(keyID: row[0], organization: row[1], environment: $0), row[3])
                }
            }
        }
        guard let (caller, lastUse) = found else { return nil }
        let now = Date().timeIntervalSince1970
        // Once an hour: a write for each request would cost more than the request.
        if now - (lastUse ?? 0) >= ServiceLimits.keyUseSeconds {
            // What can't be stored is no reason to refuse a request that may store nothing.
            try? await database.write { db in
                try db.execute(
                    sql: "UPDATE api_key SET last_used = ? WHERE id = ?", arguments: [now, caller.keyID])
            }
        }
        return caller
    }
}

/// ISO 8601, of seconds since 1970.
func timeText(_ seconds: Double) -> String { Timestamp.iso8601(Date(timeIntervalSince1970: seconds)) }
