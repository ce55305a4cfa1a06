"""The ONNX fixtures: slim networks written by the two exporters of torch, and what torch computes."""

import numpy as np
import onnx
import torch

from fixtures_torch import predict, seeded, tensor, train_briefly
from networks_nvidia import BasicBlock, PaddingResNet
from networks_onnx import RatioUNet
from networks_torch import NaotoUNet
from pictures import holes, smooth_pictures

AXES = {0: "batch", 2: "height", 3: "width"}


def strip(path):
  """Removes the exporter's stack traces, which name files of the machine that ran it."""
  model = onnx.load(path, load_external_data=False)
  parts = [model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output]
  for part in [*parts, *model.graph.initializer]:
    del part.metadata_props[:]
    part.ClearField("doc_string")
  del model.graph.value_info[:]
  onnx.save(model, path)


def script_export(path, network, inputs, names, dynamic):
  """Writes `network` through the TorchScript exporter at opset 13."""
  results = ["output", "output_mask"][: 1 if len(names) == 1 else 2]
  torch.onnx.export(
    network,
    inputs,
    path,
    dynamo=False,
    opset_version=13,
    input_names=names,
    output_names=results,
    dynamic_axes={name: AXES for name in names} if dynamic else None,
  )
  strip(path)


def dynamo_export(path, network, inputs, names, optimize, dynamic=True, external=False):
  """Writes `network` through the exporter that is the default since torch 2.9."""
  size = {
    0: torch.export.Dim.DYNAMIC,
    2: 32 * torch.export.Dim("rows", min=1, max=64),
    3: 32 * torch.export.Dim("columns", min=1, max=64),
  }
  program = torch.onnx.export(
    network,
    inputs,
    dynamo=True,
    input_names=names,
    output_names=["output", "output_mask"],
    dynamic_shapes=tuple(size for _ in names) if dynamic else None,
    optimize=optimize,
    verbose=False,
  )
  program.save(path, external_data=external)
  strip(path)


def masked_pictures(rng, count, height, width, channels=3):
  """Returns masked pictures and masks with a hole larger than any window."""
  picture = tensor(smooth_pictures(rng, count, height, width, 3))
  mask = tensor(holes(rng, count, height, width, channels))
  mask[:, :, : height // 2, : width // 2] = 0
  return picture * mask, mask


def save_outputs(path, network, **inputs):
  """Writes the inputs and what torch computes, under the names that the exports use."""
  outputs = predict(network, *inputs.values())
  names = ["output", "output_mask"]
  arrays = {name: value.numpy() for name, value in inputs.items()}
  np.savez_compressed(path, **arrays, **dict(zip(names, outputs)))


def make_ratio(folder, dialect, seed):
  """Writes one U-Net with an epsilon: dynamic and fixed axes, both exporters."""
  rng, generator = seeded(seed)
  network = RatioUNet(dialect, widths=(4, 5, 6))
  single = 1 if dialect == "jacob" else 3
  train_briefly(network, masked_pictures(rng, 4, 64, 64, single), generator)
  inputs = masked_pictures(rng, 1, 64, 64, single)
  names = ["image", "mask"]
  script_export(folder / f"{dialect}.onnx", network, inputs, names, dynamic=True)
  examples = masked_pictures(rng, 2, 64, 96, single)
  dynamo_export(folder / f"{dialect}_dynamo.onnx", network, examples, names, optimize=False)
  if dialect == "tanimutomo":
    script_export(folder / f"{dialect}_fixed.onnx", network, inputs, names, dynamic=False)
    dynamo_export(
      folder / f"{dialect}_dynamo_optimized.onnx", network, inputs, names, True, dynamic=False)
  picture, mask = inputs
  save_outputs(folder / f"{dialect}.npz", network, image=picture, mask=mask)


def make_naoto(folder):
  """Writes the seven-level U-Net, through dynamo with the weights in a file of their own."""
  rng, generator = seeded(31)
  network = NaotoUNet(widths=(3, 4, 5, 6, 6, 7, 7))
  train_briefly(network, masked_pictures(rng, 4, 128, 128), generator)
  inputs = masked_pictures(rng, 1, 128, 128)
  names = ["image", "mask"]
  script_export(folder / "naoto.onnx", network, inputs, names, dynamic=True)
  script_export(folder / "naoto_fixed.onnx", network, inputs, names, dynamic=False)
  dynamo_export(
    folder / "naoto_dynamo.onnx", network, inputs, names, True, dynamic=False, external=True)
  dynamo_export(
    folder / "naoto_dynamo_plain.onnx", network, inputs, names, False, dynamic=False)
  picture, mask = inputs
  save_outputs(folder / "naoto.npz", network, image=picture, mask=mask)


def make_resnet(folder):
  """Writes a ResNet with partial-convolution padding, whose ratios the exporter folds."""
  rng, generator = seeded(33)
  network = PaddingResNet(BasicBlock, (1, 1, 1, 1), stem=4, planes=(4, 6, 8, 10))
  pictures = tensor(smooth_pictures(rng, 4, 224, 224, 3))
  train_briefly(network, [pictures], generator)
  script_export(folder / "padding_resnet.onnx", network, (pictures[:1],), ["image"], dynamic=False)
  save_outputs(folder / "padding_resnet.npz", network, image=pictures[:1])


def make(folder):
  """Writes every ONNX fixture, on one thread."""
  torch.set_num_threads(1)
  make_naoto(folder)
  make_resnet(folder)
  for seed, dialect in enumerate(("tanimutomo", "xyfjason", "jacob"), start=40):
    make_ratio(folder, dialect, seed)
