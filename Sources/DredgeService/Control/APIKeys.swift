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
    /// When it was made, ISO 8601.
    public var createdAt: String
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
        let key = "cap_\(environment.keyPart)_\(RandomToken.hexadecimal(byteCount: 32))"
        let keyID = RandomToken.identifier("key")
        let sha256 = SHA256.hex(Array(key.utf8))
        let organization = try await database.write { db in
            let now = Date().timeIntervalSince1970
            let known = try String.fetchOne(db, sql: "SELECT id FROM organization WHERE name = ?", arguments: [name])
            let id = known ?? UUID().uuidString.lowercased()
            if known == nil {
                try db.execute(
                    sql: "INSERT INTO organization(id, name, created) VALUES (?, ?, ?)", arguments: [id, name, now])
            }
            try db.execute(
                sql: "INSERT INTO api_key(id, organization, environment, sha256, created) VALUES (?, ?, ?, ?, ?)",
                arguments: [keyID, id, environment.rawValue, sha256, now])
            return id
        }
        return NewAPIKey(key: key, keyID: keyID, organizationID: organization, environment: environment)
    }

    /// All keys, or those of one organization, the oldest first.
    public func list(organization: String? = nil) async throws -> [APIKeyRecord] {
        try await database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT api_key.id, organization.id, name, environment, api_key.created, revoked
                    FROM api_key JOIN organization ON organization.id = organization
                    WHERE name = ifnull(?, name) ORDER BY api_key.created, api_key.id
                    """, arguments: [organization]
            ).map { row in
                APIKeyRecord(
                    keyID: row[0], organizationID: row[1], organization: row[2],
                    environment: APIEnvironment(rawValue: row[3]) ?? .development, createdAt: timeText(row[4]),
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
        return try await database.read { db in
            try Row.fetchOne(
                db, sql: "SELECT id, organization, environment FROM api_key WHERE sha256 = ? AND revoked IS NULL",
                arguments: [sha256]
            ).flatMap { row in
                APIEnvironment(rawValue: row[2]).map {
                    Caller(keyID: row[0], organization: row[1], environment: $0)
                }
            }
        }
    }
}

/// ISO 8601, of seconds since 1970.
func timeText(_ seconds: Double) -> String { Timestamp.iso8601(Date(timeIntervalSince1970: seconds)) }
