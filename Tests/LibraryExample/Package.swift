// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "library-example",
  dependencies: [.package(name: "partial-conv", path: "../..")],
  targets: [
    .executableTarget(
      name: "fill-picture",
      dependencies: [.product(name: "PartialConv", package: "partial-conv")])
  ])
