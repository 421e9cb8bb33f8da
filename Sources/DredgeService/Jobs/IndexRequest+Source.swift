internal import Dredge
internal import DredgeAWS

extension IndexRequest {
    /// What the engine reads for the request: with the role, or else with these keys. Never with the server's own.
    func source(_ configuration: ServiceConfiguration, keys: RequestKeys?, sessionName: String) -> Source {
        let auth: SourceAuth =
            if let roleARN {
                .assumeRole([RoleHop(roleARN: roleARN, externalID: externalID, sessionName: sessionName)])
            } else if let keys {
                .accessKey(keys.credentials)
            } else {
                .anonymous
            }
        var source = Source(
            name: bucket, bucket: bucket, prefix: path, region: region, endpointURL: endpoint, auth: auth,
            include: include, exclude: exclude,
            requireExternalID: roleARN != nil && !configuration.allowsRolesWithoutExternalID,
            removal: RemovalRule(mode: .keep))
        source.refusesPrivateAddresses =
            endpoint.map { url in !configuration.allowedEndpoints.contains { $0.url == url && $0.mayBePrivate } }
            ?? false
        source.isOneObject = kind == .file
        source.storedPrefix = ""
        source.objectCountMax = fileCountMax
        source.rereads = !skipsExisting
        sync?.apply(to: &source)
        return source
    }

    /// The field of a request that a problem of its source is about.
    static func field(_ field: SourceProblem.Field?) -> String {
        switch field {
        case .region: "bucket_region"
        case .auth, .requireExternalID: "auth"
        default: "bucket_name"
        }
    }
}
