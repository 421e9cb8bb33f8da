import DredgeBase
import DredgeTransfer
import Foundation
import Synchronization
import Testing

@testable import DredgeAWS

@Suite struct CryptoTests {
    /// RFC 4231, test cases 1, 2, 3 and 6.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `HMAC gives the published codes, also when used again`(key: [UInt8], message: [UInt8], code: String) {
        let hmac = key.withUnsafeBytes { HMACSHA256(key: $0) }
        for _ in 0..<3 { #expect(Hexadecimal.string(hmac.authenticate(message)) == code) }
        #expect(Hexadecimal.string(hmac.authenticate([])) != code)
    }

    /// I8: the memory that a secret stood in is overwritten before it is given back.
    @Test func `secret bytes are wiped when the last reference goes`() {
        let seen = Mutex<[[UInt8]]>([])
        do {
            let secret = Array("very secret".utf8).withUnsafeBytes { bytes in
                SecretBytes(copying: bytes) { memory in
                    seen.withLock { $0.append(Array(memory)) }
                    memory.deallocate()
                }
            }
            let copy = secret
            #expect(copy.withUnsafeBytes { Array($0) } == Array("very secret".utf8))
            #expect(seen.withLock { $0.isEmpty })
        }
        #expect(seen.withLock { $0 } == [[UInt8](repeating: 0, count: 11)])
    }
}

/// I8: credentials cannot print themselves.
@Suite struct CredentialsTests {
    private static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    private static let token = "FwoGZXIvYXdzEXAMPLETOKEN"
    private let credentials = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: secret, sessionToken: token,
        expiration: Date(timeIntervalSince1970: 0))

    @Test func `a text that repeats a secret, whole or cut, is found out`() {
        for text in [
            "\(Self.secret)", "no \(Self.token).", "no \(Self.token.prefix(16))", "no \(Self.secret.suffix(16))",
        ] {
            #expect(credentials.isRepeated(in: text))
        }
        for text in ["", "AccessDenied", "\(Self.token.prefix(15))", "AKIAIOSFODNN7EXAMPLE"] {
            #expect(!credentials.isRepeated(in: text))
        }
        #expect(!Credentials(accessKeyID: "a", secretAccessKey: "e", sessionToken: "").isRepeated(in: "denied"))
    }

    @Test func `a text that repeats what a request was signed with is found out`() {
        var request = HTTPRequest(method: .get, url: "https://bucket.s3.eu-west-1.amazonaws.com/")
        #expect(!RequestSecrets(request, credentials: nil).areRepeated(in: ""))
        SigV4Signer(region: "eu-west-1", service: "s3")
            .sign(&request, credentials: credentials, date: Date(timeIntervalSince1970: 0), unsignedPayload: true)
        let secrets = RequestSecrets(request, credentials: credentials)
        let authorization = request.headers.first { $0.name == "authorization" }?.value ?? ""
        for text in [authorization, "\(authorization.suffix(64))", "no \(Self.token).", "a \(Self.secret)"] {
            #expect(secrets.areRepeated(in: text))
            #expect(secrets.without(text, replacement: "gone") == "gone")
        }
        #expect(secrets.without("\(authorization.prefix(50))") != nil && secrets.without(nil) == nil)
    }

    private struct Holder {
        var name = "holder"
        var credentials: Credentials?
        var storage: CredentialStorage?
        var secret: SecretBytes?
    }

    private func dumped(_ value: Any) -> String {
        var output = ""
        dump(value, to: &output)
        return output
    }

    @Test func `no way to print shows a secret`() {
        let context = ProviderContext(
            environment: ["AWS_SECRET_ACCESS_KEY": Self.secret], http: ScriptedTransport([]))
        let holder = Holder(
            credentials: credentials, storage: credentials.storage, secret: credentials.storage.secretAccessKey)
        var texts = [
            "\(credentials)", credentials.description, credentials.debugDescription, String(describing: credentials),
            String(reflecting: credentials), dumped(credentials), dumped([credentials]), dumped(holder), "\(holder)",
            "\([holder])",
            String(reflecting: holder), "\(BaseCredentials.fixed(credentials))",
            dumped(BaseCredentials.fixed(credentials)),
            dumped(credentials.storage), "\(credentials.storage)", String(reflecting: credentials.storage),
            dumped(credentials.storage.secretAccessKey), "\(credentials.storage.secretAccessKey)",
            dumped(BaseSource(credentials)),
            dumped(BaseSource(DefaultChain(profile: nil, context: context))), dumped(context),
            dumped(DefaultChain(profile: nil, context: context)),
            String(format: "%@", "\(credentials)"),
        ]
        texts += Mirror(reflecting: credentials).children.map { "\($0)" }
        texts += Mirror(reflecting: credentials.storage).children.map { "\($0)" }
        for text in texts {
            #expect(!text.contains(Self.secret))
            #expect(!text.contains(Self.token))
            #expect(!text.contains("AKIAIOSFODNN7EXAMPLE"))
        }
        #expect(credentials.description == "Credentials(AKIA…MPLE)")
        #expect(Credentials(accessKeyID: "short", secretAccessKey: "x").description == "Credentials(…)")
    }

    @Test func `is no codable`() {
        #expect(!(credentials as Any is any Encodable))
        #expect(!(credentials as Any is any Decodable))
    }

    @Test func `keeps what is no secret`() {
        #expect(credentials.accessKeyID == "AKIAIOSFODNN7EXAMPLE")
        #expect(credentials.expiration == Date(timeIntervalSince1970: 0))
        #expect(credentials.isTemporary)
        let copy = credentials
        #expect(copy.isIdentical(to: credentials))
        #expect(!Credentials(accessKeyID: "a", secretAccessKey: "b").isIdentical(to: credentials))
    }
}
