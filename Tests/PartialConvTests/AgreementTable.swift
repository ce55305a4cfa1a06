import ModelImport

extension AgreementCase {
  /// The committed fixtures; see the page beside them.
  static let fixtures: [AgreementCase] = kerasWeights + kerasModels + pytorch

  /// The frameworks' own checkpoints, of the folder beside the repository.
  static let references: [AgreementCase] = [
    keras("weights"),
    keras("weights", key: "output_train_bn", .batch),
    keras("weights_reloaded"),
    keras("weights_reloaded", key: "output_train_bn", .batch),
    keras("model_frozen_bn"),
    keras("model_train_bn", key: "output_train_bn"),
    keras("model_train_bn", .moving),
    AgreementCase(
      checkpoint: "keras/tf_keras_model_frozen_bn.h5", arrays: "keras/tf_keras.npz",
      isReference: true),
    AgreementCase(
      checkpoint: "pytorch/naoto_unet.pth", arrays: "pytorch/naoto_unet.npz", isReference: true),
    AgreementCase(
      checkpoint: "pytorch/naoto_unet.safetensors", arrays: "pytorch/naoto_unet.npz",
      isReference: true),
    AgreementCase(
      checkpoint: "pytorch/nvidia_pdresnet18.pth.tar", arrays: "pytorch/nvidia_pdresnet18.npz",
      isReference: true),
    AgreementCase(
      checkpoint: "crai/20crtasgn72.pth", arrays: "crai/20crtasgn72.npz",
      settings: ["padding": "global"], isReference: true),
  ]

  private static func keras(
    _ name: String, key: String = "output", _ batchNorm: BatchNormChoice? = nil
  ) -> AgreementCase {
    AgreementCase(
      checkpoint: "keras/pconv_keras_\(name).h5", arrays: "keras/pconv_keras.npz", key: key,
      batchNorm: batchNorm, isReference: true)
  }

  private static let kerasWeights: [AgreementCase] =
    ["weights", "weights_renumbered", "weights_fixed_strings", "weights_split_names"].flatMap {
      let checkpoint = "keras/unet_\($0).h5"
      return [
        AgreementCase(checkpoint: checkpoint, arrays: "keras/unet.npz"),
        AgreementCase(
          checkpoint: checkpoint, arrays: "keras/unet.npz", key: "output_train_bn",
          batchNorm: .batch),
        AgreementCase(checkpoint: checkpoint, arrays: "keras/unet_fractional.npz"),
      ]
    } + [
      AgreementCase(
        checkpoint: "keras/unet_mask_kernel.h5", arrays: "keras/unet_mask_kernel.npz")
    ]

  private static let kerasModels: [AgreementCase] = [
    AgreementCase(checkpoint: "keras/unet_model_frozen_bn.h5", arrays: "keras/unet.npz"),
    AgreementCase(
      checkpoint: "keras/unet_model_frozen_bn.h5", arrays: "keras/unet.npz",
      key: "output_train_bn", batchNorm: .batch),
    AgreementCase(
      checkpoint: "keras/unet_model_train_bn.h5", arrays: "keras/unet.npz",
      key: "output_train_bn"),
    AgreementCase(
      checkpoint: "keras/unet_model_train_bn.h5", arrays: "keras/unet.npz", batchNorm: .moving),
  ]

  private static let pytorch: [AgreementCase] =
    ["naoto_unet.pth", "naoto_unet_legacy.pth"].flatMap { checkpoint in
      ["naoto_unet.npz", "naoto_unet_fractional.npz", "naoto_unet_bool.npz"].map {
        AgreementCase(checkpoint: "pytorch/\(checkpoint)", arrays: "pytorch/\($0)")
      }
    } + [
      AgreementCase(checkpoint: "pytorch/pdresnet18.pth.tar", arrays: "pytorch/pdresnet18.npz"),
      AgreementCase(checkpoint: "pytorch/pdresnet50.pth.tar", arrays: "pytorch/pdresnet50.npz"),
      AgreementCase(checkpoint: "crai/first_bn.pth", arrays: "crai/first_bn.npz"),
      AgreementCase(
        checkpoint: "crai/global_padding.pth", arrays: "crai/global_padding.npz",
        settings: ["padding": "global"]),
    ]
}
