"""Checkpoints of further PyTorch families, in the shape in which their scripts save them."""

import numpy as np
import torch

from fixtures_torch import predict, seeded, tensor, train_briefly
from networks_families import FAMILIES, FamilyUNet
from networks_nvidia import PaddingVGG
from networks_torch import CraiUNet
from pictures import holes, smooth_pictures, soften

SAMPLE_STEP = 7
SLIM = (2, 3, 3, 4, 4, 4, 4, 4)


def unused_norms(network):
  """Puts the batch norms of levels that do not run as they are when built."""
  for level, _, layer in network.layers():
    if level > network.used and layer.norm is not None:
      layer.norm.reset_running_stats()
      layer.norm.reset_parameters()


def examples(rng, count, size, inputs, mask_channels):
  """Returns pictures and masks of `size`, the first mask fractional, channels drawn apart."""
  pictures = tensor(smooth_pictures(rng, count, *size, inputs))
  masks = holes(rng, count, *size, mask_channels, kept=1)
  masks[:1] = soften(masks[:1])
  return pictures, tensor(masks)


def make_unet(folder, name, wrap, size, **plan):
  """Writes the U-Net of family `name`, wrapped by `wrap(state)`, and what it computes.

  `gain` scales the weights of the last layer, so that what follows it does not saturate.
  """
  family = FAMILIES[plan.pop("family", name)]
  stem = name.replace("-", "_")
  rng, generator = seeded(sum(map(ord, name)))
  widths, channels = plan.pop("widths", SLIM), plan.get("inputs", 3)
  gain = plan.pop("gain", 1)
  network = FamilyUNet(family, widths, **plan)
  network.decoder[0].weight.data *= gain
  mask_channels = 1 if family.repeats_masks else channels
  train_briefly(network, examples(rng, 4, size, channels, mask_channels), generator)
  unused_norms(network)
  torch.save(wrap(family.state(network)), folder / f"{stem}.pth")
  picture, mask = examples(rng, 2, size, channels, mask_channels)
  output, _ = predict(network, picture * mask, mask)
  np.savez_compressed(
    folder / f"{stem}.npz",
    image=(picture * mask).numpy(),
    mask=mask.numpy(),
    output=output[..., ::SAMPLE_STEP, ::SAMPLE_STEP],
    sample_step=np.int64(SAMPLE_STEP),
  )


def parallel(state):
  """Returns the state of a network in DataParallel."""
  return {f"module.{key}": value for key, value in state.items()}


def make_unets(folder):
  """Writes one checkpoint per family, in its own wrapper."""
  seven = SLIM[:7]
  make_unet(
    folder, "bobqywei", lambda s: {"model": s, "optimizer": {}}, (128, 256), widths=seven)
  make_unet(folder, "tanimutomo", lambda s: {"n_iter": 9, "model": s}, (128, 256), used=7)
  make_unet(folder, "yuitc", lambda s: {"step": 9, "model": s, "best_loss": 1.0}, (128, 64), used=6)
  make_unet(folder, "xyfjason", lambda s: {"model": s}, (512, 256))
  make_unet(folder, "jacobaustin123", parallel, (256, 512), gain=0.005)
  make_unet(folder, "niceringnode", parallel, (256, 512))
  make_unet(folder, "ishyuhi", parallel, (256, 512))
  make_unet(
    folder, "javirk", lambda s: {"epoch": 3, "model_state_dict": parallel(s)}, (100, 150),
    widths=seven,
  )
  make_unet(
    folder, "deocclusion", lambda s: {"state_dict": parallel(s), "step": 9}, (256, 128),
    family="naoto0804", widths=seven, inputs=4,
  )
  make_unet(
    folder, "climatereconstruction-2020", lambda s: {"n_iter": 9, "model": s}, (72, 40),
    family="naoto0804", widths=(4, 6, 8, 8), used=3,
  )


def make_crai(folder, name, plan, size, channels=1, transform=None):
  """Writes a climate network of `plan` and `transform` of what it computes."""
  rng, generator = seeded(sum(map(ord, name)))
  anomalies = tensor(smooth_pictures(rng, 4, *size, channels)) * 6 - 3
  mask = tensor(holes(rng, 4, *size, channels, kept=0.6))
  network = CraiUNet(**plan)
  train_briefly(network, (anomalies * mask, mask), generator)
  checkpoint = {"labels": ["500"], "500": {"n_iter": 500, "model": network.state_dict()}}
  torch.save(checkpoint, folder / f"{name}.pth")
  image, mask = (anomalies * mask)[:2], mask[:2]
  (output,) = predict(network, image, mask)
  arrays = {"output": output}
  if transform is not None:
    arrays |= {key: f(torch.from_numpy(output)).numpy() for key, f in transform.items()}
  np.savez_compressed(folder / f"{name}.npz", image=image.numpy(), mask=mask.numpy(), **arrays)


def make_climate(folder):
  """Writes the plans of climatereconstructionAI that its options give."""
  plan = {"widths": (3, 6, 12, 12, 12), "kernels": (7, 5, 3, 3, 3), "first_bn": True,
          "is_global": False}
  bounded = {
    "output_between": lambda x: x.sigmoid() * 3.5 - 1.5,
    "output_above": lambda x: x.exp() + 0.25,
    "output_below": lambda x: -(-x).exp() + 2,
  }
  make_crai(folder, "pooling", plan, (45, 61), transform=bounded)
  short = plan | {"widths": (3, 6, 12), "kernels": (7, 5, 3)}
  make_crai(folder, "without_skips", short | {"has_skips": False}, (37, 53))
  make_crai(folder, "channel_steps", short | {"inputs": 3, "outputs": 1}, (37, 53), channels=3)


def make_vgg(folder, name, counts, normalised, legacy):
  """Writes a VGG as NVIDIA's training script does, and its logits."""
  rng, generator = seeded(11)
  network = PaddingVGG(counts, (2, 3, 4, 4, 4), normalised)
  pictures = tensor(smooth_pictures(rng, 4, 224, 224, 3))
  train_briefly(network, [pictures], generator)
  state = {key.replace("features.", "features.module."): value
           for key, value in network.state_dict().items()}
  checkpoint = {"epoch": 90, "arch": name, "state_dict": state}
  torch.save(
    checkpoint, folder / f"{name}.pth.tar", _use_new_zipfile_serialization=not legacy)
  (output,) = predict(network, pictures[:1])
  np.savez_compressed(folder / f"{name}.npz", image=pictures[:1].numpy(), output=output)


def make_refused(families_folder, crai_folder):
  """Writes name tables of networks that are refused: one number stands for each tensor."""
  refused = {
    families_folder / "rfr.pth": ("Pconv1.weight", "RFRModule.enc_1.0.weight", "tail1.weight"),
    families_folder / "bare_vgg.pth": (
      "features.0.weight",
      "features.0.bias",
      "classifier.0.weight",
      "classifier.6.weight",
    ),
  }
  climate = tuple(f"{x}.0.partial_conv.input_conv.weight" for x in ("encoder", "decoder"))
  lstm = climate + ("encoder.0.recurrent_conv.lstm_conv.weight",)
  attention = climate + ("attention_module.0.partial_conv_enc.partial_conv.input_conv.weight",)
  refused |= {crai_folder / "lstm.pth": lstm, crai_folder / "attention.pth": attention}
  for path, names in refused.items():
    torch.save({name: torch.zeros(1) for name in names}, path)


def make(families_folder, crai_folder):
  """Writes every fixture of these families, on one thread."""
  torch.set_num_threads(1)
  make_unets(families_folder)
  make_climate(crai_folder)
  make_refused(families_folder, crai_folder)
  make_vgg(families_folder, "pdvgg11", (1, 1, 2, 2, 2), False, legacy=False)
  make_vgg(families_folder, "pdvgg19_bn", (2, 2, 4, 4, 4), True, legacy=True)
