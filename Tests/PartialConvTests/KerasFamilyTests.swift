import ModelImport
import PartialConv
import TensorCore
import TestSupport
import Testing

/// A Keras checkpoint of `Fixtures/keras_families`, and what its framework computed with it.
private struct KerasFamilyCase: Sendable, CustomTestStringConvertible {
  var checkpoint: String
  var arrays: String
  /// Name of the array that the model's `output` must equal.
  var key = "output"
  /// Name of the description, or `keras-model` for a model built from its config alone.
  var network: String
  var maths: String?
  var batchNorm: BatchNormChoice?

  var testDescription: String {
    [checkpoint, "'\(key)'", maths, batchNorm?.rawValue].compactMap(\.self).joined(separator: ", ")
  }

  var request: ImportRequest {
    ImportRequest(settings: maths.map { ["maths": $0] } ?? [:], batchNorm: batchNorm)
  }

  static let all = ages + nesting + families + keras3 + generic

  private static let ages = ["2019", "2018", "2018-06", "window_channels"].map { maths in
    KerasFamilyCase(
      checkpoint: "pconv_keras.h5", arrays: "pconv_keras",
      key: maths == "2019" ? "pconv_keras" : maths, network: "pconv-keras", maths: maths)
  }

  private static let nesting = [
    "multi_gpu.h5", "multi_gpu_old.h5", "multi_gpu_model.h5",
  ].flatMap { checkpoint in
    [("pconv_keras", nil), ("2018", "2018")].map { key, maths in
      KerasFamilyCase(
        checkpoint: checkpoint, arrays: "pconv_keras", key: key, network: "pconv-keras",
        maths: maths)
    }
  }

  private static let families =
    [
      ("tf2", "pconv-keras"), ("ezavarygin", "ezavarygin"), ("furrypython", "furrypython"),
      ("sound_field", "sound-field"),
    ].flatMap { name, network in
      [
        KerasFamilyCase(checkpoint: "\(name).h5", arrays: name, network: network),
        KerasFamilyCase(
          checkpoint: "\(name).h5", arrays: name, key: "output_train_bn", network: network,
          batchNorm: .batch),
      ]
    } + [
      KerasFamilyCase(
        checkpoint: "sound_field_model.h5", arrays: "sound_field", network: "sound-field",
        batchNorm: .moving),
      KerasFamilyCase(
        checkpoint: "sound_field_model.h5", arrays: "sound_field", key: "output_train_bn",
        network: "sound-field"),
    ]

  private static let keras3 = ["keras3.keras", "keras3_legacy.h5", "keras3.weights.h5"].map {
    KerasFamilyCase(checkpoint: $0, arrays: "keras3", network: "pconv-keras")
  }

  private static let generic = ["branches", "classifier"].flatMap { model in
    ["keras", "tf_keras"].flatMap { framework in
      ["h5", "keras"].map { container in
        KerasFamilyCase(
          checkpoint: "\(model)_\(framework).\(container)", arrays: "\(model)_\(framework)",
          network: "keras-model")
      }
    }
  }
}

@Suite struct KerasFamilyTests {
  @Test(arguments: KerasFamilyCase.all)
  private func `computes what Keras computes`(_ item: KerasFamilyCase) throws {
    let arrays = try Dictionary(
      ArrayFile.readArchive(PackageFiles.fixture("keras_families/\(item.arrays).npz"))
        .map { ($0.name, $0.tensor) }
    ) { $1 }
    let folder = try TemporaryFolder()
    let report = try ModelConversion.convert(
      PackageFiles.fixture("keras_families/\(item.checkpoint)"), to: folder.path("model.pcm"),
      item.request, replacing: false)
    #expect(report.network == item.network)
    #expect(!report.notes.contains { $0.hasPrefix("warning") })
    let model = try Model.load(folder.path("model.pcm"))
    let inputs = arrays.filter { ["image", "mask", "photo"].contains($0.key) }
    let outputs = try model.makeSession(threads: 2).run(inputs)
    let output = try #require(outputs.first { $0.name == "output" })
    let difference = relativeDifference(output.tensor, try #require(arrays[item.key]))
    #expect(difference <= 1e-5)
  }

  @Test func `rejects an age of the maths that never was`() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: PartialConvError.self) {
      try ModelConversion.convert(
        PackageFiles.fixture("keras_families/pconv_keras.h5"), to: folder.path("model.pcm"),
        ImportRequest(settings: ["maths": "2017"]), replacing: false)
    }
    #expect(error?.message.contains("2018-06") == true)
  }

  @Test func `rejects a picture of another size than a flattening model was saved with`() throws {
    let folder = try TemporaryFolder()
    _ = try ModelConversion.convert(
      PackageFiles.fixture("keras_families/classifier_keras.keras"), to: folder.path("model.pcm"),
      ImportRequest(), replacing: false)
    let session = try Model.load(folder.path("model.pcm")).makeSession(threads: 1)
    let photo = Tensor([Float](repeating: 0, count: 16 * 12 * 3), shape: [1, 16, 12, 3])
    #expect(throws: PartialConvError.self) { try session.run(["photo": photo]) }
  }
}
