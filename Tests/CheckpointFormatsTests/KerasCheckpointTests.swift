import CheckpointFormats
import Glibc
import TensorCore
import Testing

private let referencesExist =
  unsafe access(HDF5Fixtures.reference("pconv_keras_weights"), R_OK) == 0

@Suite struct KerasCheckpointTests {
  @Test func `reads split lists of layers in file order`() throws {
    let checkpoint = try KerasCheckpoint.read(HDF5Fixtures.path("good_keras_split"))
    #expect(checkpoint.layers.map(\.name) == ["conv", "relu", "norm"])
    #expect(checkpoint.layers[0].weights.map(\.name) == ["conv_1/kernel:0", "conv_1/bias:0"])
    #expect(checkpoint.layers[0].weights[1].tensor.floatArray == [1, 2, 3, 4, 5, 6])
    #expect(checkpoint.layers[1].weights.isEmpty)
    #expect(checkpoint.kerasVersion == "2.2.4")
    #expect(checkpoint.backend == "tensorflow")
    #expect(!checkpoint.isWholeModel)
    #expect(checkpoint.modelConfig == nil)
  }

  @Test func `reports datasets that belong to no layer`() throws {
    let checkpoint = try KerasCheckpoint.read(HDF5Fixtures.path("good_keras_split"))
    #expect(checkpoint.unreadDatasets == ["norm/norm/forgotten:0"])
  }

  @Test func `reads the weights of a whole model without its optimiser`() throws {
    let checkpoint = try KerasCheckpoint.read(HDF5Fixtures.path("good_keras_model"))
    #expect(checkpoint.isWholeModel)
    #expect(checkpoint.modelConfig == #"{"class_name": "Model"}"#)
    #expect(checkpoint.kerasVersion == "2.15.0")
    #expect(checkpoint.layers.map(\.weights.count) == [1])
    #expect(checkpoint.unreadDatasets.isEmpty)
  }

  @Test func `reads weights that are numbered by class, without an order`() throws {
    let checkpoint = try KerasCheckpoint.read(HDF5Fixtures.path("bad_keras_weights3"))
    #expect(!checkpoint.isOrdered)
    #expect(checkpoint.layers.map(\.name) == ["conv"])
    #expect(checkpoint.layers.map(\.className) == ["conv"])
    #expect(checkpoint.layers.map(\.groupPath) == ["conv"])
    #expect(checkpoint.layers[0].weights.map(\.name) == ["0"])
  }

  @Test(arguments: [
    ("theano", CheckpointError.Code.unsupported), ("zero", .unsupported),
    ("other", .notThisFormat), ("weight_missing", .missing), ("weight_path", .corrupt),
    ("weight_twice", .corrupt), ("names_are_numbers", .corrupt),
  ])
  func `rejects files that do not name their weights`(
    _ name: String, _ code: CheckpointError.Code
  ) throws {
    let path = HDF5Fixtures.path("bad_keras_\(name)")
    let error = #expect(throws: CheckpointError.self) { try KerasCheckpoint.read(path) }
    #expect(error?.code == code)
    #expect(error?.file == path)
  }

  @Test(
    .enabled(if: referencesExist),
    arguments: [
      ("pconv_keras_weights", "2.2.4", 0x21F8_8DB5_C128_DEC0 as UInt64),
      ("pconv_keras_weights_reloaded", "2.2.4", 0x21F8_8DB5_C128_DEC0),
      ("pconv_keras_model_frozen_bn", "2.2.4", 0x21F8_8DB5_C128_DEC0),
      ("pconv_keras_model_train_bn", "2.2.4", 0x21F8_8DB5_C128_DEC0),
      ("tf_keras_model_frozen_bn", "2.21.0", 0x8153_14D3_57CC_3351),
    ])
  func `reads reference checkpoints bit for bit`(
    _ name: String, _ version: String, _ hash: UInt64
  ) throws {
    let checkpoint = try KerasCheckpoint.read(HDF5Fixtures.reference(name))
    #expect(checkpoint.layers.count == 81)
    #expect(checkpoint.layers.filter { !$0.weights.isEmpty }.count == 31)
    #expect(checkpoint.kerasVersion == version)
    #expect(checkpoint.isWholeModel == name.contains("model"))
    #expect((checkpoint.modelConfig != nil) == checkpoint.isWholeModel)
    #expect(checkpoint.unreadDatasets.isEmpty)
    #expect(Self.hash(checkpoint) == hash)
  }

  /// FNV-1a of all weight bytes in file order; the expected values come from h5py.
  private static func hash(_ checkpoint: KerasCheckpoint) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for layer in checkpoint.layers {
      for weight in layer.weights {
        let bytes = weight.tensor.bytes
        hash = unsafe bytes.withUnsafeBytes {
          unsafe $0.reduce(hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }
      }
    }
    return hash
  }
}
