import Foundation
import Testing

@testable import DredgeAWS
@testable import DredgeS3

/// Where requests go, beside botocore's own rules (`Golden/make_endpoints.py`), for every region of every partition.
@Suite struct EndpointGoldenTests {
    private struct Golden: Decodable {
        var partitions: [GoldenPartition]
        var s3: [S3Row]
        var sts: [STSRow]
    }

    private struct GoldenPartition: Decodable {
        var name: String
        var dnsSuffix: String
        var dualStackDNSSuffix: String
        var defaultRegion: String
        var regions: [String]
    }

    private struct S3Row: Decodable {
        var region: String
        var bucket: String
        var fips: Bool
        var dualStack: Bool
        var pathStyle: Bool?
        var endpoint: String?
        var url: String?
        var signingRegion: String?
        var refusal: String?
    }

    private struct STSRow: Decodable {
        var partition: String
        var region: String
        var fips: Bool
        var dualStack: Bool
        var legacy: Bool
        var endpoint: String?
        var url: String?
        var signingRegion: String?
        var refusal: String?
    }

    private let golden: Golden

    init() throws {
        let file = try #require(
            Bundle.module.url(forResource: "endpoints", withExtension: "json", subdirectory: "Golden"))
        golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }

    @Test func `the partitions are those of botocore, and each region lies in its own`() {
        #expect(Set(golden.partitions.map(\.name)) == Set(Partition.all.map(\.name)))
        for expected in golden.partitions {
            let partition = Partition.named(expected.name)
            #expect(partition?.dnsSuffix == expected.dnsSuffix)
            #expect(partition?.dualStackDNSSuffix == expected.dualStackDNSSuffix)
            #expect(partition?.defaultRegion == expected.defaultRegion)
            for region in expected.regions { #expect(Partition.ofRegion(region).name == expected.name) }
        }
    }

    @Test func `S3 is asked where botocore asks it, or nowhere`() {
        #expect(golden.s3.count > 300)
        for row in golden.s3 {
            let settings = S3ClientSettings(
                bucket: row.bucket, region: row.region, endpointURL: row.endpoint, pathStyle: row.pathStyle,
                useFIPS: row.fips, useDualStack: row.dualStack)
            do throws(EndpointProblem) {
                let rules = try EndpointRules(settings: settings, environment: [:])
                let region = try rules.firstRegion(settings: settings)
                #expect(rules.endpoint(region: region).bucketURL == row.url, "\(row)")
                #expect(region == row.signingRegion, "\(row)")
            } catch {
                #expect(row.refusal != nil, "\(row) was refused: \(error.message)")
                #expect(!error.advice.isEmpty)
            }
        }
    }

    @Test func `STS is asked where botocore asks it, or nowhere`() throws {
        #expect(golden.sts.count > 300)
        for row in golden.sts {
            let hop = RoleHop(roleARN: "arn:\(row.partition):iam::123456789012:role/R")
            let rules = STSEndpointRules(
                region: row.region, endpointURL: row.endpoint, useFIPS: row.fips,
                useDualStack: row.dualStack,
                settings: EndpointSettings(
                    environment: row.legacy ? ["AWS_STS_REGIONAL_ENDPOINTS": "legacy"] : [:]))
            let role = try #require(RoleARN(hop.roleARN))
            do throws(AWSError) {
                let endpoint = try STSEndpoint(hop: hop, role: role, rules: rules, step: "test")
                #expect(endpoint.url == row.url.map { $0 + "/" }, "\(row)")
                #expect(endpoint.region == row.signingRegion, "\(row)")
            } catch {
                #expect(row.refusal != nil, "\(row) was refused: \(error.message)")
                #expect(error.code == .invalidParameter && !error.advice.isEmpty)
            }
        }
    }
}
