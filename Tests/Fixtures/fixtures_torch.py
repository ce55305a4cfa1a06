"""The PyTorch fixtures: slim networks of naoto0804, NVIDIA and CRAI in their checkpoints' shape."""

import numpy as np
import torch
from torch import nn

from networks_nvidia import BasicBlock, Bottleneck, PaddingResNet
from networks_torch import CraiUNet, NaotoUNet
from pictures import holes, smooth_pictures, soften

SAMPLE_STEP = 5


def seeded(seed):
  """Seeds torch and returns the generators of one fixture, for numpy and for torch."""
  torch.manual_seed(seed)
  return np.random.default_rng(seed), torch.Generator().manual_seed(seed)


def tensor(array):
  """Returns an N H W C array as an N C H W float32 tensor."""
  return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2))).float()


def train_briefly(network, inputs, generator):
  """Draws parameters; takes batch-norm statistics from `inputs` and shifts them a little."""
  normalisations = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]

  def uniform(like, low, high):
    return torch.empty_like(like).uniform_(low, high, generator=generator)

  with torch.no_grad():
    for name, parameter in network.named_parameters():
      if name.endswith("bias"):
        parameter.copy_(uniform(parameter, -0.2, 0.2))
    for module in normalisations:
      module.weight.copy_(uniform(module.weight, 0.7, 1.3))
      module.momentum = None
    network.train()(*inputs)
    for module in normalisations:
      module.momentum = 0.1
      module.running_mean += module.running_var.sqrt() * uniform(module.running_mean, -0.3, 0.3)
      module.running_var *= uniform(module.running_var, 0.6, 1.6)
      module.num_batches_tracked.fill_(1000)
  network.eval()


def stepped_adam(network, inputs):
  """Returns an Adam optimizer with the state of one tiny step on the trainable parameters."""
  optimizer = torch.optim.Adam((p for p in network.parameters() if p.requires_grad), lr=1e-6)
  output = network(*inputs)
  (output[0] if isinstance(output, tuple) else output).square().mean().backward()
  optimizer.step()
  return optimizer


def predict(network, *inputs):
  """Returns the outputs of `network` as numpy arrays."""
  with torch.no_grad():
    output = network.eval()(*inputs)
  return [x.numpy() for x in (output if isinstance(output, tuple) else (output,))]


def save_naoto_npz(path, network, picture, mask, step):
  """Writes masked picture, mask (in its own element type) and every `step`-th row and column of
  both outputs.
  """
  valid = mask.float()
  output, output_mask = (x[..., ::step, ::step] for x in predict(network, picture * valid, valid))
  sampling = {} if step == 1 else {"sample_step": np.int64(step)}
  np.savez_compressed(
    path,
    image=(picture * valid).numpy(),
    mask=mask.numpy(),
    output=output,
    output_mask=output_mask,
    **sampling,
  )


def make_naoto(folder):
  """Writes the seven-level U-Net in both containers, fed binary, fractional and boolean masks."""
  rng, generator = seeded(10)
  network = NaotoUNet(widths=(3, 4, 5, 6, 6, 7, 7))
  examples = tensor(smooth_pictures(rng, 4, 128, 128, 3)), tensor(holes(rng, 4, 128, 128, 3))
  train_briefly(network, examples, generator)
  optimizer = stepped_adam(network, examples)
  checkpoint = {"n_iter": 1000, "model": network.state_dict(), "optimizer": optimizer.state_dict()}
  torch.save(checkpoint, folder / "naoto_unet.pth")
  torch.save(checkpoint, folder / "naoto_unet_legacy.pth", _use_new_zipfile_serialization=False)

  picture, mask = tensor(smooth_pictures(rng, 2, 128, 128, 3)), tensor(holes(rng, 2, 128, 128, 3))
  mask[0] = mask[0, :1]
  save_naoto_npz(folder / "naoto_unet.npz", network, picture, mask, step=1)
  picture, mask = (
    tensor(smooth_pictures(rng, 1, 128, 256, 3)),
    tensor(soften(holes(rng, 1, 128, 256, 3))),
  )
  save_naoto_npz(folder / "naoto_unet_fractional.npz", network, picture, mask, SAMPLE_STEP)
  picture, mask = (
    tensor(smooth_pictures(rng, 2, 128, 128, 3)),
    tensor(holes(rng, 2, 128, 128)).expand(-1, 3, -1, -1),
  )
  mask = mask.bool().contiguous()
  mask[1] = False
  save_naoto_npz(folder / "naoto_unet_bool.npz", network, picture, mask, SAMPLE_STEP)


def make_nvidia(folder, name, block, counts, planes, pictures_fed):
  """Writes a ResNet of `name` as NVIDIA's training script does, and its logits."""
  rng, generator = seeded(3)
  network = PaddingResNet(block, counts, stem=4, planes=planes)
  pictures = tensor(smooth_pictures(rng, 4, 224, 224, 3))
  train_briefly(network, [pictures], generator)
  state = {f"module.{key}": value for key, value in network.state_dict().items()}
  checkpoint = {
    "epoch": 90,
    "arch": name,
    "state_dict": state,
    "best_prec1": torch.tensor(76.6),
    "optimizer": torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9).state_dict(),
  }
  torch.save(checkpoint, folder / f"{name}.pth.tar")
  picture = pictures[:pictures_fed]
  (output,) = predict(network, picture)
  np.savez_compressed(folder / f"{name}.npz", image=picture.numpy(), output=output)


def crai_entry(network, inputs, generator, iteration):
  """Returns one labelled entry of a CRAI checkpoint, from a network trained briefly on `inputs`."""
  train_briefly(network, inputs, generator)
  optimizer = stepped_adam(network, inputs)
  return {"n_iter": iteration, "model": network.state_dict(), "optimizer": optimizer.state_dict()}


def make_crai(folder, name, plan, labels):
  """Writes a climate network of `plan` and what its last label computes on an odd-sized grid."""
  rng, generator = seeded(2020)
  anomalies = tensor(smooth_pictures(rng, 4, 37, 53, 1)) * 6 - 3
  mask = tensor(holes(rng, 4, 37, 53, kept=0.6))
  mask[0, :, :, 4:] = 0
  inputs = anomalies * mask, mask
  statistics = {"mean": [anomalies.numpy().mean()], "std": [np.float64(anomalies.numpy().std())]}
  checkpoint = {"labels": labels, "train_stats": statistics}
  for label in labels:
    network = CraiUNet(**plan)
    checkpoint[label] = crai_entry(network, inputs, generator, int(label))
  torch.save(checkpoint, folder / f"{name}.pth")
  image, mask = (x[:2] for x in inputs)
  (output,) = predict(network, image, mask)
  np.savez_compressed(folder / f"{name}.npz", image=image.numpy(), mask=mask.numpy(), output=output)


def pickle_scalars_as_older_numpy():
  """Makes numpy scalars pickle under the module name that numpy 1 gave them."""
  np._core.multiarray.scalar.__module__ = "numpy.core.multiarray"


def make(pytorch_folder, crai_folder):
  """Writes every PyTorch fixture, on one thread."""
  torch.set_num_threads(1)
  make_naoto(pytorch_folder)
  make_nvidia(pytorch_folder, "pdresnet18", BasicBlock, (2, 2, 2, 2), (4, 6, 8, 10), pictures_fed=2)
  make_nvidia(pytorch_folder, "pdresnet50", Bottleneck, (3, 4, 6, 3), (2, 3, 4, 5), pictures_fed=1)
  first_bn = {"widths": (3, 6, 12), "kernels": (7, 5, 3), "first_bn": True, "is_global": False}
  make_crai(crai_folder, "first_bn", first_bn, ["1000"])
  pickle_scalars_as_older_numpy()
  on_globe = {"widths": (4, 8, 16), "kernels": (7, 5, 5), "first_bn": False, "is_global": True}
  make_crai(crai_folder, "global_padding", on_globe, ["500", "1000"])
