import Dredge
import DredgeAWS
import DredgeS3
import DredgeTransfer

extension SourceWalk {
    /// Reads one byte. Where that is refused, the object's head tells whether it is the object or its key.
    mutating func checkRead() async {
        guard let object else {
            return skip(.read, because: "Nothing was listed that a run would read.")
        }
        var step = CheckStep(kind: .read, title: Self.title(.read, source), verdict: .passed)
        defer { steps.append(step) }
        let client = self.client()
        guard let error = await readByte(of: object, client) else {
            step.facts.append("\(object.key) can be read.")
            head = await facts(of: object, client)
            return
        }
        step.facts.append("Tried with \(object.key).")
        step.verdict = .failed
        step.answer = ServiceRefusal(error)
        if let causes = CallCauses.causes(of: error) {
            if error.code == .clockSkewed { clockRefusal = error.advice }
            step.causes = causes
            return
        }
        switch error.code {
        case .archived: step.causes = [archived(error)]
        case .noSuchKey, .preconditionFailed:
            step.verdict = .warned
            step.facts.append("It was deleted or written again since it was listed; check again.")
        case .accessDenied, .kms, .requesterPays: await refused(object, error, client, &step)
        default: step.causes = [other(error)]
        }
    }

    /// Why the byte can't be read; nil: it can.
    private func readByte(of object: ListedObject, _ client: S3Client) async -> S3Error? {
        let pool = BufferPool(byteLimit: 4096)
        guard let buffer = try? await pool.buffer(byteCount: 1) else {
            return S3Error(
                code: .cancelled, bucket: source.bucket, key: object.key, message: "cancelled", advice: "Check again.")
        }
        do throws(S3Error) {
            _ = try await client.getObject(
                object.key, range: 0..<1, ifMatch: object.eTag, into: buffer)
            return nil
        } catch {
            return error
        }
    }

    private func facts(of object: ListedObject, _ client: S3Client) async -> ObjectFacts? {
        try? await client.headObject(object.key)
    }

    private mutating func refused(
        _ object: ListedObject, _ error: S3Error, _ client: S3Client, _ step: inout CheckStep
    ) async {
        var evidence = BucketEvidence(
            source: source, reader: reader, action: "s3:GetObject", denial: Denial(error.words), error: error)
        evidence.objectKey = object.key
        head = await facts(of: object, client)
        await widen()
        if holders.last?.wideCredentials != nil {
            evidence.wide = await readByte(of: object, self.client(.init(isWide: true))) == nil ? .allowed : .refused
        }
        // A head needs the same permission, but no key. S3's newer messages name the key's action.
        let isAboutKey = KeyRefusal.isMeant(serviceCode: error.serviceCode, message: error.serviceMessage)
        if isAboutKey || head?.kmsKeyID != nil {
            contentRefusal = error
            isContentRefusedByPolicy = evidence.wide == .allowed
            step.facts.append("S3 shows the object's size and date, but not its content: see the encryption key below.")
            return
        }
        for other in others where await readByte(of: other, client) == nil {
            evidence.objectRead = .allowed
            step.verdict = .warned
            step.facts.append("\(other.key) can be read.")
            break
        }
        step.causes = evidence.readCauses()
        step.trail = evidence.trail(event: "GetObject")
    }

    private func archived(_ error: S3Error) -> CheckCause {
        CheckCause(
            .objectArchived, isCertain: true, "The object is in an archive.",
            because: "S3 keeps it where it can't be read before it is restored (InvalidObjectState).",
            change: RequiredChange(.bucketOwner(source.expectedBucketOwnerAccount), error.advice))
    }

    private func other(_ error: S3Error) -> CheckCause {
        if error.words.lowercased().contains("server side encryption") {
            return CheckCause(
                .customerKeyNeeded, isCertain: true,
                "The object is encrypted with a key that only its writer has (SSE-C).",
                because: "S3 wants that key with every request, and Dredge has none.",
                change: RequiredChange(
                    .bucketOwner(source.expectedBucketOwnerAccount),
                    "Copy the objects over themselves with SSE-S3 or SSE-KMS, or leave "
                        + "them out by exclude in the config."
                ))
        }
        return CheckCause(
            .serviceFailed, "S3 refused the read for a reason that the check does not know.", because: error.message,
            change: RequiredChange(.you, error.advice))
    }
}
