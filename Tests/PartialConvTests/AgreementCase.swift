import InferenceRuntime
import ModelImport
import PartialConv
import TensorCore
import TestSupport
import Testing

/// A checkpoint and what its framework computed with it.
struct AgreementCase: Sendable, CustomTestStringConvertible {
  var checkpoint: String
  var arrays: String
  /// Name of the array that the model's `output` must equal.
  var key = "output"
  var network: String?
  var settings: [String: String] = [:]
  var batchNorm: BatchNormChoice?
  var isReference = false

  var testDescription: String {
    let choices =
      settings.map { "\($0)=\($1)" } + (batchNorm.map { ["batch-norm \($0.rawValue)"] } ?? [])
    return ([checkpoint, "\(arrays) '\(key)'"] + choices).joined(separator: ", ")
  }

  var checkpointPath: String { path(checkpoint) }
  var request: ImportRequest {
    ImportRequest(network: network, settings: settings, batchNorm: batchNorm)
  }

  private func path(_ name: String) -> String {
    isReference ? PackageFiles.reference(name) : PackageFiles.fixture(name)
  }

  /// The arrays of the reference file by name.
  func loadArrays() throws -> [String: Tensor] {
    try Dictionary(ArrayFile.readArchive(path(arrays)).map { ($0.name, $0.tensor) }) { $1 }
  }

  /// Converts the checkpoint and loads the result.
  func convert(tier: NumericTier = .near) throws -> Model {
    let folder = try TemporaryFolder()
    let path = folder.path("model.pcm")
    _ = try ModelConversion.convert(checkpointPath, to: path, request, replacing: false)
    return try Model.load(path, tier: tier)
  }

  /// Expects the outputs to be those of the framework, within `tolerance` of their largest value.
  func expectAgreement(
    _ outputs: [(name: String, tensor: Tensor)], with arrays: [String: Tensor],
    tolerance: Double = NumericTier.exact.tolerance,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for (name, tensor) in outputs {
      guard let reference = arrays[name == "output" ? key : name] else { continue }
      let step = Int(arrays["sample_step"]?.convertedToFloat32().floatArray.first ?? 1)
      let axes = checkpoint.hasSuffix(".h5") ? [1, 2] : [2, 3]
      let difference = relativeDifference(
        step == 1 ? tensor : tensor.sampled(axes, step: step), reference)
      #expect(
        difference <= tolerance, "\(name) differs by \(difference)", sourceLocation: sourceLocation)
    }
    #expect(outputs.contains { $0.name == "output" }, sourceLocation: sourceLocation)
    #expect(
      arrays[key] != nil, "the reference file has no '\(key)'", sourceLocation: sourceLocation)
  }
}

extension [String: Tensor] {
  /// The arrays that are fed to a network, as `f32`.
  var inputs: [String: Tensor] {
    filter { ["image", "mask"].contains($0.key) }.mapValues { $0.convertedToFloat32() }
  }
}

extension NumericTier {
  /// The largest difference from a framework, of the largest value.
  var tolerance: Double {
    switch self {
    case .exact: 1e-5
    case .near: 2e-5
    case .fast: 1e-4
    }
  }
}
