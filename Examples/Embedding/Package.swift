// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "embedding",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "dredge", path: "../..")],
    targets: [
        .executableTarget(name: "Embedding", dependencies: [.product(name: "Dredge", package: "dredge")])
    ]
)
