/// A checkpoint of the folder beside the package, and what its framework computed with it.
public struct ReferenceRow: Sendable, CustomStringConvertible {
  /// Paths in the folder.
  public var checkpoint: String
  public var arrays: String
  /// Name of the array that the model's `output` must equal.
  public var key = "output"
  /// What the user has to say about the checkpoint, as `--network` and `--set` take it.
  public var network: String?
  public var settings: [String: String] = [:]
  /// `moving` or `batch` where the checkpoint leaves it open.
  public var batchNorm: String?

  public var description: String {
    let choices =
      [network].compactMap(\.self) + settings.map { "\($0)=\($1)" }
      + (batchNorm.map { ["batch-norm \($0)"] } ?? [])
    return ([checkpoint, "\(arrays) '\(key)'"] + choices).joined(separator: ", ")
  }

  public var checkpointPath: String { PackageFiles.reference(checkpoint) }
  public var arraysPath: String { PackageFiles.reference(arrays) }

  /// Every row of the folder's own table; Keras checkpoints of open mode once for each.
  public static let all: [ReferenceRow] = [
    keras("weights"),
    keras("weights", key: "output_train_bn", batchNorm: "batch"),
    keras("weights_reloaded"),
    keras("weights_reloaded", key: "output_train_bn", batchNorm: "batch"),
    keras("model_frozen_bn"),
    keras("model_train_bn", key: "output_train_bn"),
    keras("model_train_bn", batchNorm: "moving"),
    ReferenceRow(checkpoint: "keras/tf_keras_model_frozen_bn.h5", arrays: "keras/tf_keras.npz"),
    naoto,
    ReferenceRow(
      checkpoint: "pytorch/naoto_unet.safetensors", arrays: "pytorch/naoto_unet.npz"),
    ReferenceRow(checkpoint: "onnx/naoto_unet.onnx", arrays: "pytorch/naoto_unet.npz"),
    pdresnet,
    ReferenceRow(
      checkpoint: "pytorch/nvidia_pdvgg16_bn.pth", arrays: "pytorch/nvidia_pdvgg16_bn.npz",
      network: "nvidia-pdvgg"),
    climate,
  ]

  public static let naoto = ReferenceRow(
    checkpoint: "pytorch/naoto_unet.pth", arrays: "pytorch/naoto_unet.npz")

  public static let frozenKeras = keras("model_frozen_bn")

  public static let pdresnet = ReferenceRow(
    checkpoint: "pytorch/nvidia_pdresnet18.pth.tar", arrays: "pytorch/nvidia_pdresnet18.npz")

  public static let climate = ReferenceRow(
    checkpoint: "crai/20crtasgn72.pth", arrays: "crai/20crtasgn72.npz",
    settings: ["padding": "global"])

  private static func keras(
    _ name: String, key: String = "output", batchNorm: String? = nil
  ) -> ReferenceRow {
    ReferenceRow(
      checkpoint: "keras/pconv_keras_\(name).h5", arrays: "keras/pconv_keras.npz", key: key,
      batchNorm: batchNorm)
  }
}
