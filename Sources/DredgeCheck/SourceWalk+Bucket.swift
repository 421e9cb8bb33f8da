import Dredge
import DredgeAWS
import DredgeS3

/// How a client of the source's bucket may differ from that of a run, to find out what a run is refused for.
struct ClientVariation: Sendable {
    var asksOwner = true
    var requestPayer: Bool?
    /// Signs with a session that isn't narrowed to the source.
    var isWide = false
}

extension SourceWalk {
    func client(_ variation: ClientVariation = .init()) -> S3Client {
        let holder = holders.last
        return connection.client(
            variation, signing: (variation.isWide ? holder?.wideCredentials : nil) ?? holder?.credentials)
    }

    /// Lists under the source's prefix, which tells of the bucket, too: whoever may not list it learns all the same
    /// whether it exists.
    mutating func checkBucket() async {
        let client = self.client()
        let result: Result<ListPage, S3Error>
        do throws(S3Error) {
            result = .success(try await client.listPage(prefix: ObjectKey(source.prefix)))
        } catch {
            result = .failure(error)
        }
        var step = CheckStep(kind: .bucket, title: Self.title(.bucket, source), verdict: .passed)
        // Of a bucket that isn't there, nobody said where it is.
        if case .failure(let error) = result, error.code == .noSuchBucket {} else { tellRegion(client.region, &step) }
        switch result {
        case .success(let page):
            if let owner = source.expectedBucketOwnerAccount {
                step.facts.append("It belongs to account \(owner), as expected.")
            }
            steps.append(step)
            await checkListing(page, client)
        case .failure(let error):
            if let causes = await bucketCauses(error) {
                step.verdict = .failed
                step.answer = ServiceRefusal(error)
                step.causes = causes
                if error.code == .clockSkewed { clockRefusal = error.advice }
                steps.append(step)
            } else {
                steps.append(step)
                await checkRefusedListing(error)
            }
        }
    }

    private func tellRegion(_ region: String, _ step: inout CheckStep) {
        if let named = source.region, named != region {
            step.verdict = .warned
            step.causes.append(
                CheckCause(
                    .bucketElsewhere, isCertain: true, "The bucket is in \(region), not in \(named).",
                    because: "S3 names the region of a bucket to who asks in another one.",
                    change: RequiredChange(
                        .you, "Write region: \(region) in the config. (It works as it is, with one request more.)")))
        } else if source.endpointURL == nil {
            step.facts.append("It is in \(region).")
        }
    }

    /// Causes that are about the bucket; nil: it is there, and the listing is refused.
    private func bucketCauses(_ error: S3Error) async -> [CheckCause]? {
        switch error.code {
        case .noSuchBucket:
            return [
                CheckCause(
                    .bucketMissing, isCertain: true, "There is no bucket of that name.",
                    because: "S3 says so (NoSuchBucket). It tells everybody whether a bucket exists.",
                    change: RequiredChange(
                        .you,
                        "Check the spelling of "
                            + "\(source.bucket)\(source.endpointURL.map { " and the endpoint \($0)" } ?? "") in the "
                            + "config. Bucket names have no capital letters; a bucket of another partition (China, "
                            + "GovCloud) is not found either."
                    ))
            ]
        case .wrongRegion:
            return [
                CheckCause(
                    .bucketElsewhere, isCertain: true, "The bucket is in another region than the one that was asked.",
                    because: error.message, change: RequiredChange(.you, error.advice))
            ]
        case .accessDenied:
            guard let expected = source.expectedBucketOwnerAccount else { return nil }
            guard await listTrial(.init(asksOwner: false), source.prefix) == .allowed else { return nil }
            return [
                CheckCause(
                    .bucketOfOtherAccount, isCertain: true,
                    "The bucket does not belong to account \(expected).",
                    because: "S3 allows the listing when it is not told to expect that owner.",
                    change: RequiredChange(
                        .you,
                        "Make sure that it is the right bucket: a stranger may have taken the name of a "
                            + "deleted one. If another account rightly owns it, write expected_bucket_owner: "
                            + "with that account's ID in the config."
                    ))
            ]
        default:
            return CallCauses.causes(of: error)
        }
    }

    func listTrial(_ variation: ClientVariation, _ prefix: String) async -> Trial {
        do throws(S3Error) {
            _ = try await client(variation).listPage(prefix: ObjectKey(prefix))
            return .allowed
        } catch {
            return error.code == .accessDenied || error.code == .requesterPays ? .refused : .unclear
        }
    }
}
