// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that who builds dredge does not build its benchmarks.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "dredge", path: "..")],
    targets: [
        .executableTarget(
            name: "ManyRuns", dependencies: [.product(name: "Dredge", package: "dredge")], path: "ManyRuns",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            ])
    ])
