// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]

/// A Swift target of the map; `dependencies` point down only.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func command(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name, dependencies: ["PartialConv", "CommandSupport", argumentParser] + dependencies,
    swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies,
    exclude: exclude, swiftSettings: settings)
}

func systemLibrary(_ name: String, _ pkgConfig: String, apt: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let orderedCollections: Target.Dependency = .product(
  name: "OrderedCollections", package: "swift-collections")

let package = Package(
  name: "partial-conv",
  products: [.library(name: "PartialConv", targets: ["PartialConv"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    systemLibrary("CHDF5", "hdf5-serial", apt: "libhdf5-dev"),
    systemLibrary("CProtobufC", "libprotobuf-c", apt: "libprotobuf-c-dev"),
    systemLibrary("CPNG", "libpng", apt: "libpng-dev"),
    systemLibrary("CJPEG", "libjpeg", apt: "libjpeg62-turbo-dev"),
    systemLibrary("CZlib", "zlib", apt: "zlib1g-dev"),
    systemLibrary("CCrypto", "libcrypto", apt: "libssl-dev"),
    systemLibrary("CSeccomp", "libseccomp", apt: "libseccomp-dev"),

    .target(name: "CModelSchema", dependencies: ["CProtobufC"]),
    .target(name: "CKernels"),

    module("TensorCore"),
    module("FileAccess"),
    module("GraphIR", ["TensorCore"]),
    module("GraphReference", ["GraphIR", "TensorCore"]),
    module("GraphPasses", ["GraphIR", "TensorCore"]),
    module(
      "CheckpointFormats",
      [
        "TensorCore", "FileAccess", "CHDF5", "CZlib", "CSeccomp", "CModelSchema", "CProtobufC",
        orderedCollections,
      ]),
    module(
      "ModelImport", ["GraphIR", "CheckpointFormats", "TensorCore", orderedCollections],
      resources: [.copy("../../Models")]),
    module(
      "ModelFile",
      ["GraphIR", "TensorCore", "FileAccess", "CModelSchema", "CProtobufC", "CCrypto"]),
    module("KernelLibrary", ["TensorCore", "CKernels"]),
    module("InferenceRuntime", ["GraphIR", "KernelLibrary", "TensorCore"]),
    module("Imaging", ["TensorCore", "FileAccess", "CPNG", "CJPEG"]),
    module(
      "Calibration", ["TensorCore", "GraphIR", "GraphPasses", "InferenceRuntime"]),
    module(
      "PartialConv",
      [
        "TensorCore", "GraphIR", "GraphReference", "GraphPasses", "CheckpointFormats",
        "ModelImport", "ModelFile", "InferenceRuntime", "Imaging", "Calibration", "FileAccess",
        orderedCollections,
      ]),

    module(
      "ModelChecking",
      [
        "TensorCore", "GraphIR", "GraphReference", "GraphPasses", "CheckpointFormats",
        "ModelImport", "ModelFile", "KernelLibrary", "InferenceRuntime", "Imaging",
      ]),

    module(
      "CommandSupport", ["PartialConv", "InferenceRuntime", "FileAccess", argumentParser]),
    command(
      "pconv-check",
      [
        "ModelChecking", "ModelImport", "ModelFile", "InferenceRuntime", "KernelLibrary", "GraphIR",
        "GraphPasses", "Imaging", "TensorCore",
      ]),
    command("pconv-convert", ["ModelImport", "GraphPasses", "Calibration"]),
    command("pconv-run", ["Imaging", "InferenceRuntime", "TensorCore"]),

    .target(
      name: "TestSupport", dependencies: ["TensorCore"],
      path: "Tests/TestSupport", swiftSettings: settings),
    tests(
      "CheckpointFormats",
      ["TensorCore", "TestSupport", "CZlib", "pconv-convert", orderedCollections],
      exclude: ["Fixtures"]),
    tests("Calibration", ["GraphIR", "GraphPasses", "Imaging", "TensorCore"]),
    tests("GraphIR", ["TensorCore"], exclude: ["Golden"]),
    tests("GraphPasses", ["GraphIR", "GraphReference", "TensorCore"], exclude: ["Golden"]),
    tests("GraphReference", ["GraphIR", "TensorCore"]),
    tests("Imaging", ["TensorCore"], exclude: ["Fixtures"]),
    tests("FileAccess", []),
    tests(
      "ModelImport",
      [
        "TestSupport", "CheckpointFormats", "GraphIR", "GraphPasses", "GraphReference",
        "InferenceRuntime", "TensorCore", orderedCollections,
      ]),
    tests(
      "PartialConv",
      [
        "TestSupport", "TensorCore", "GraphPasses", "GraphReference", "Imaging",
        "InferenceRuntime", "ModelImport", "pconv-convert",
      ]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "TestSupport", "TensorCore", "CheckpointFormats", "PartialConv", "Imaging",
        "pconv-convert", "pconv-run",
      ],
      swiftSettings: settings),
    tests(
      "ModelChecking",
      [
        "TestSupport", "CheckpointFormats", "GraphIR", "GraphPasses", "ModelFile", "ModelImport",
        "Imaging", "TensorCore", "PartialConv", "pconv-check", "pconv-convert", orderedCollections,
      ]),
    tests("ModelFile", ["FileAccess", "GraphIR", "TensorCore"]),
    tests("KernelLibrary", ["GraphIR", "TensorCore"]),
    tests("InferenceRuntime", ["GraphIR", "KernelLibrary", "TensorCore"]),
    tests("TensorCore", []),

    .target(name: "PeakLoops", path: "Tests/Benchmarks/peak-loops"),
    .executableTarget(
      name: "kernel-benchmark",
      dependencies: ["InferenceRuntime", "KernelLibrary", "GraphIR", "TensorCore", "PeakLoops"],
      path: "Tests/Benchmarks/kernel-benchmark", swiftSettings: settings),
    .executableTarget(
      name: "reuse-benchmark", dependencies: ["PartialConv", "InferenceRuntime", "TensorCore"],
      path: "Tests/Benchmarks/reuse-benchmark", swiftSettings: settings),
  ]
)
