// swift-tools-version: 6.2
import PackageDescription

// `.ci/run` sets this, so that a warning in our targets fails the build there but a newer compiler's new warning does
// not stop somebody who only wants to use the package.
let warningsAreErrors = Context.environment["DREDGE_WARNINGS_AS_ERRORS"] == "1"

let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),  // SE-0335
        .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
        .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

// `Scripts/package` sets this: the commit and its date, for `dredge --version`.
let commit = Context.environment["DREDGE_COMMIT"].flatMap { text in
    !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ", -".contains($0)) } ? text : nil
}

let cSettings: [CSetting] =
    [.enableWarning("all"), .enableWarning("extra"), .enableWarning("conversion"), .enableWarning("shadow")]
    + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestServers"], exclude: exclude, resources: resources,
        swiftSettings: swiftSettings)
}

let package = Package(
    name: "dredge",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Dredge", targets: ["Dredge"]),
        .library(name: "DredgeCheck", targets: ["DredgeCheck"]),
        .library(name: "DredgeConfig", targets: ["DredgeConfig"]),
        .library(name: "DredgePolicy", targets: ["DredgePolicy"]),
        .library(name: "DredgeShards", targets: ["DredgeShards"]),
        .library(name: "DredgeService", targets: ["DredgeService"]),
        .executable(name: "dredge", targets: ["DredgeCLI"]),
    ],
    traits: [
        .trait(name: "Server", description: "The HTTP API, `dredge serve`. Compiles Hummingbird and SwiftNIO.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Hummingbird's: for the handlers that watch connections, and TLS. Tests need a channel that leads nowhere.
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["FullFoundation"]),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // What tells a stream of events that the server stops; Hummingbird has it anyway.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
        // Without its trait that brings Foundation.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        // The paths in its interface.
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    ],
    targets: [
        // C: libraries of the system, and our kernels.
        .systemLibrary(
            name: "CCurl", path: "CSupport/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .systemLibrary(name: "CEpoll", path: "CSupport/CEpoll"),
        .systemLibrary(
            name: "CCrypto", path: "CSupport/CCrypto", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(
            name: "CLZ4", path: "CSupport/CLZ4", pkgConfig: "liblz4",
            providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
        .systemLibrary(
            name: "CSnappy", path: "CSupport/CSnappy", pkgConfig: "snappy",
            providers: [.apt(["libsnappy-dev"]), .brew(["snappy"])]),
        .systemLibrary(
            name: "CExpat", path: "CSupport/CExpat", pkgConfig: "expat",
            providers: [.apt(["libexpat1-dev"]), .brew(["expat"])]),
        .systemLibrary(
            name: "CZlib", path: "CSupport/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(
            name: "CTextKernels", path: "CSupport/CTextKernels", exclude: ["counter/tables"],
            cSettings: cSettings + [.headerSearchPath(".")]),
        .target(name: "CChecksums", path: "CSupport/CChecksums", cSettings: cSettings),
        .target(name: "CJSONStrings", path: "CSupport/CJSONStrings", cSettings: cSettings),
        .target(name: "CListPage", path: "CSupport/CListPage", cSettings: cSettings),
        .target(name: "CCompression", path: "CSupport/CCompression", cSettings: cSettings),
        .target(
            name: "CBuild", path: "CSupport/CBuild",
            cSettings: cSettings + (commit.map { [.define("DREDGE_COMMIT", to: "\"\($0)\"")] } ?? [])),
        // The plain counter, to which tests hold the fast one. No product depends on it.
        .target(
            name: "CTextReference", dependencies: ["CTextKernels"], path: "CSupport/CTextReference",
            exclude: ["vocabularies"], cSettings: cSettings + [.headerSearchPath("../CTextKernels")]),

        // The layers, lowest first. An arrow never points up.
        library("DredgeBase", ["CCrypto", "CChecksums"]),
        library("DredgeTransfer", ["DredgeBase", "CCurl", "CEpoll"]),
        library(
            "DredgeAWS",
            [
                "DredgeBase", "DredgeTransfer", "CCrypto", "CExpat",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux])),
            ]),
        library("DredgeIAM", ["DredgeAWS"]),
        library("DredgePolicy", ["DredgeIAM", "DredgeAWS", "DredgeBase", .product(name: "Yams", package: "Yams")]),
        library(
            "DredgeS3",
            [
                "DredgeBase", "DredgeTransfer", "DredgeAWS", "CListPage",
                .product(name: "Logging", package: "swift-log"),
            ]),
        library("DredgeParquet", ["CLZ4", "CSnappy", "CZlib"]),
        library("DredgeText", ["CTextKernels"]),
        library("DredgeLedger", ["DredgeBase"]),
        library(
            "DredgeStore",
            [
                "DredgeBase", "DredgeLedger", "CCompression", "CJSONStrings", "CLZ4",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        library(
            "Dredge",
            [
                "DredgeBase", "DredgeTransfer", "DredgeAWS", "DredgeIAM", "DredgeS3", "DredgeParquet", "DredgeText",
                "DredgeLedger", "DredgeStore", "CZlib",
                .product(name: "Logging", package: "swift-log"),
            ]),
        library(
            "DredgeShards",
            [
                "Dredge", "DredgeAWS", "DredgeBase", "DredgeIAM", "DredgeLedger", "DredgeS3", "DredgeStore",
                "DredgeTransfer", "CZlib",
            ]),
        library(
            "DredgeConfig",
            [
                "DredgeService", "Dredge", "DredgeAWS", "DredgeIAM", "DredgeText",
                .product(name: "Yams", package: "Yams"),
            ]),
        library(
            "DredgeCheck",
            [
                "Dredge", "DredgePolicy", "DredgeIAM", "DredgeAWS", "DredgeLedger", "DredgeS3", "DredgeTransfer",
                .product(name: "Logging", package: "swift-log"),
            ]),
        // What the HTTP API does, without HTTP.
        library(
            "DredgeService",
            [
                "Dredge", "DredgeAWS", "DredgeBase", "DredgeCheck", "DredgeIAM", "DredgeLedger", "DredgePolicy",
                "DredgeStore", "DredgeTransfer", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        library(
            "DredgeHTTP",
            [
                "DredgeService", "DredgeBase",
                .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "HummingbirdTLS", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: .when(traits: ["Server"])),
                .product(
                    name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras", condition: .when(traits: ["Server"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Server"])),
                .product(
                    name: "ServiceLifecycle", package: "swift-service-lifecycle",
                    condition: .when(traits: ["Server"])),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "DredgeCLI",
            dependencies: [
                "DredgeService", .target(name: "DredgeHTTP", condition: .when(traits: ["Server"])),
                "Dredge", "DredgeCheck", "DredgeConfig", "DredgePolicy", "DredgeShards", "DredgeAWS", "DredgeBase",
                "DredgeLedger", "DredgeS3", "DredgeStore", "DredgeText", "DredgeTransfer",
                // Whose versions `dredge --version` tells.
                "CBuild", "CCompression", "CCrypto", "CCurl", "CExpat", "CLZ4", "CTextKernels", "CZlib",
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swiftSettings),

        // Tests, and the servers that they talk to.
        .target(
            name: "ServiceBench",
            dependencies: [
                "DredgeService", "Dredge", "DredgeAWS", "DredgeStore", "TestServers",
                .product(name: "Logging", package: "swift-log"),
            ], path: "Tests/ServiceBench", swiftSettings: swiftSettings),
        .target(
            name: "SimulatedWorld",
            dependencies: ["Dredge", "DredgeBase", "DredgeS3", "DredgeTransfer", "TestServers"],
            path: "Tests/SimulatedWorld", swiftSettings: swiftSettings),
        .target(
            name: "TestServers", path: "Tests/TestServers", exclude: ["Scripts"], swiftSettings: swiftSettings),
        tests("DredgeBaseTests", ["DredgeBase"]),
        tests("DredgeTransferTests", ["DredgeTransfer"]),
        tests("DredgeAWSTests", ["DredgeAWS", "DredgeBase", "DredgeTransfer"], resources: [.copy("Golden")]),
        tests("DredgePolicyTests", ["DredgePolicy", "DredgeIAM", "DredgeAWS"], exclude: ["Golden"]),
        tests("DredgeS3Tests", ["DredgeS3", "DredgeBase", "DredgeIAM"], resources: [.copy("Golden")]),
        tests("DredgeParquetTests", ["DredgeParquet"], exclude: ["Golden"]),
        tests("DredgeTextTests", ["DredgeText", "CTextKernels", "CTextReference"], resources: [.copy("Golden")]),
        tests("DredgeLedgerTests", ["DredgeLedger", "DredgeBase"]),
        tests(
            "DredgeStoreTests",
            [
                "DredgeStore", "DredgeLedger", "DredgeBase", "CCompression", "CJSONStrings", "CLZ4",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], exclude: ["Scripts"]),
        tests("DredgeTests", ["SimulatedWorld", "Dredge", "DredgePolicy", "DredgeIAM", "DredgeBase", "DredgeLedger"]),
        tests(
            "DredgeShardsTests",
            [
                "SimulatedWorld", "DredgeShards", "Dredge", "DredgeBase", "DredgeLedger", "DredgeS3", "DredgeStore",
                "DredgeTransfer", "DredgeAWS", "DredgeIAM", .product(name: "Logging", package: "swift-log"),
            ]),
        tests("DredgeCheckTests", ["DredgeCheck"]),
        tests("DredgeConfigTests", ["DredgeConfig"]),
        tests(
            "DredgeServiceTests",
            [
                "DredgeService", "ServiceBench", "Dredge", "DredgeStore", "DredgeLedger",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        // Tests nothing without the trait.
        tests(
            "DredgeHTTPTests",
            [
                "DredgeService", "ServiceBench", "DredgeStore", "DredgeCLI",
                .target(name: "DredgeHTTP", condition: .when(traits: ["Server"])),
                .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "NIOEmbedded", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "Logging", package: "swift-log"),
            ], exclude: ["Scripts"]),
        tests(
            "DredgeCLITests", ["DredgeCLI", "DredgeCheck", "DredgeBase", "DredgeLedger", "DredgeS3"],
            exclude: ["Golden"]),
    ]
)

// `Scripts/sanitize-threads` sets this. It builds only the tests in which threads meet, and what they test.
if Context.environment["DREDGE_TESTS_OF_THREADS"] == "1" {
    let tests: Set = ["DredgeBaseTests", "DredgeTransferTests", "DredgeStoreTests", "DredgeTests"]
    let others: Set = [
        "DredgeConfig", "DredgeCheck", "DredgeShards", "DredgeService", "DredgeHTTP", "DredgeCLI", "ServiceBench",
    ]
    package.targets.removeAll { others.contains($0.name) || $0.type == .test && !tests.contains($0.name) }
    let products: Set = ["DredgeCheck", "DredgeConfig", "DredgeShards", "DredgeService", "dredge"]
    package.products.removeAll { products.contains($0.name) }
}
