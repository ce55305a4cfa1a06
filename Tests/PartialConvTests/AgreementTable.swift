import ModelImport
import TestSupport

extension AgreementCase {
  /// The committed fixtures; see the page beside them.
  static let fixtures: [AgreementCase] = kerasWeights + kerasModels + pytorch

  /// The frameworks' own checkpoints, of the folder beside the repository.
  static let references: [AgreementCase] = ReferenceRow.all.map { row in
    AgreementCase(
      checkpoint: row.checkpoint, arrays: row.arrays, key: row.key, network: row.network,
      settings: row.settings, batchNorm: row.batchNorm.flatMap(BatchNormChoice.init),
      isReference: true)
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
