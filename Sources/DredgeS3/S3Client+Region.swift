import DredgeAWS
import DredgeTransfer
import Logging

extension S3Client {
    /// Makes the bucket's region what an answer says it is.
    /// - Returns: whether there is a region now that was not tried yet.
    func changeRegion(
        from target: BucketTarget, to told: String?, locator: BucketLocator, for operation: Operation
    ) async throws(S3Error) -> Bool {
        // Another request may have found it out meanwhile.
        if locator.target.region != target.region { return true }
        // Where the bucket has answered, an object that names another region is wrong, not the region.
        if operation.key != nil, locator.hasSucceeded(in: target.region) { return false }
        if let told, told != target.region {
            return move(locator, from: target, to: told)
        }
        guard told == nil else { return false }
        if case .headBucket = operation.action { return false }
        let found: String?
        do throws(CancellationError) {
            found = try await locator.discovery.value { await self.bucketRegion(at: target) }
        } catch {
            throw S3Error.cancelled(operation, attemptCount: 1)
        }
        guard let found, found != target.region else { return locator.target.region != target.region }
        return move(locator, from: target, to: found)
    }

    /// Whether the bucket can be in `region`.
    private func move(_ locator: BucketLocator, from target: BucketTarget, to region: String) -> Bool {
        guard let isNew = locator.move(to: region) else { return false }
        if isNew {
            logger.info(
                "the bucket is in another region",
                metadata: [
                    "region": "\(region)", "from": "\(target.region)",
                    "endpoint": "\(locator.target.endpoint.authority)",
                ])
        }
        return true
    }

    /// The region that HeadBucket names, whether it is allowed or not. nil: it names none.
    private func bucketRegion(at target: BucketTarget) async -> String? {
        var used: Credentials?
        do throws(AWSError) { used = try await credentials.credentials() } catch { return nil }
        var exchange = HeadBucketExchange(bucket: settings.bucket, room: headRoom)
        do throws(AttemptFailure) {
            return try await attempt(&exchange, at: target, with: &used).answer.region
        } catch {
            guard case .service(let fault) = error else { return nil }
            return fault.region
        }
    }
}
