"""Trains the default model: a small partial-convolution U-Net.

    python gather_pictures.py pictures
    python train_default_model.py --pictures pictures/train --held-out pictures/held \\
      --output partial-unet.npz --minutes 95
    python save_default_model.py partial-unet.npz partial-unet.h5

The layers compute what PConv2D of MathiasGruber/PConv-Keras computes: sums over valid pixels times
k * k / (window sum of the mask over all channels + 1e-8), plus the bias. Training runs in PyTorch,
where masks stay one plane for each group of equal channels. Weights are averaged over the steps,
the learning rate falls along a cosine, and batch norm keeps its statistics in the last part of the
time. The average is kept beside the output (.pth), and a later run goes on from it. The output
holds the weights, a picture, a mask and what the network makes of them, for save_default_model.py
to check itself with. README.md tells where the pictures come from. Needs torch, numpy and pillow.
"""

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from irregular_masks import irregular_mask

WIDTHS = (32, 64, 128, 128, 128, 128)
KERNELS = (7, 5, 5, 3, 3, 3)
LAST_WIDTH = 16
LONGEST_SIDES = (1280, 800, 480)
BATCH_NORM_EPSILON = 1e-3
BATCH, LARGE_BATCH = (10, 128), (3, 256)
REPORT_EVERY = 180


class PartialConvolution(nn.Module):
  """Convolution of masked pictures, renormalised by the window sum; batch norm and activation."""

  def __init__(self, channels, width, kernel, stride, normalises, activation):
    super().__init__()
    self.kernel, self.stride, self.activation = kernel, stride, activation
    deviation = (2 / (channels * kernel * kernel)) ** 0.5
    self.weight = nn.Parameter(torch.randn(width, channels, kernel, kernel) * deviation)
    self.bias = nn.Parameter(torch.zeros(width))
    self.norm = nn.BatchNorm2d(width, eps=BATCH_NORM_EPSILON, momentum=0.02) if normalises else None
    self.register_buffer("ones", torch.ones(1, 1, kernel, kernel), persistent=False)

  def forward(self, masked, mask_sum):
    """Takes pictures that are 0 where missing and the sum of their masks over the channels."""
    padding = self.kernel // 2
    with torch.no_grad():
      sums = F.conv2d(mask_sum, self.ones, stride=self.stride, padding=padding)
      valid = sums.clamp(0, 1)
      ratio = self.kernel * self.kernel * masked.shape[1] / (sums + 1e-8) * valid
    y = F.conv2d(masked, self.weight, stride=self.stride, padding=padding)
    bias = self.bias[None, :, None, None].to(y.dtype)
    y = torch.addcmul(bias, y, ratio.to(y.dtype))
    if self.norm is not None:
      y = self.norm(y)
    return (F.relu(y) if self.activation == "relu" else F.leaky_relu(y, 0.2)), valid


class PartialUNet(nn.Module):
  """Pictures and masks N C H W in, filled pictures in 0...1 out; sizes are multiples of 64."""

  def __init__(self):
    super().__init__()
    inputs = (3,) + WIDTHS
    outputs = (LAST_WIDTH,) + WIDTHS[:-1]
    deeper = outputs[1:] + WIDTHS[-1:]
    self.encoder = nn.ModuleList(
      PartialConvolution(inputs[i], WIDTHS[i], KERNELS[i], 2, i > 0, "relu")
      for i in range(len(WIDTHS))
    )
    self.decoder = nn.ModuleList(
      PartialConvolution(inputs[i] + deeper[i], outputs[i], 3, 1, i > 0, "leaky")
      for i in range(len(WIDTHS))
    )
    self.output = nn.Conv2d(LAST_WIDTH, 3, 1)

  def forward(self, picture, mask):
    x, m = picture * mask, mask
    levels = [(x, m)]
    for layer in self.encoder:
      x, m = layer(x, m * x.shape[1])
      x = x * m.to(x.dtype)
      levels.append((x, m))
    for layer, (skip, skip_mask) in zip(reversed(self.decoder), reversed(levels[:-1])):
      x = F.interpolate(x * m.to(x.dtype), scale_factor=2.0)
      m = F.interpolate(m, scale_factor=2.0)
      mask_sum = skip_mask * skip.shape[1] + m * x.shape[1]
      x, m = layer(torch.cat([skip.to(x.dtype), x], 1), mask_sum)
    return torch.sigmoid(self.output(x).float())


class Pictures:
  """Random crops of the pictures of a folder at several scales."""

  def __init__(self, folder, seed):
    self.random = np.random.default_rng(seed)
    self.arrays = []
    for path in sorted(Path(folder).iterdir()):
      picture = Image.open(path).convert("RGB")
      for side in LONGEST_SIDES:
        scale = side / max(picture.size)
        size = [max(round(length * scale), 256) for length in picture.size]
        if scale <= 1.2:
          self.arrays.append(np.asarray(picture.resize(size, Image.LANCZOS)))

  def crop(self, size):
    array = self.arrays[self.random.integers(len(self.arrays))]
    top, left = (self.random.integers(length - size + 1) for length in array.shape[:2])
    crop = array[top : top + size, left : left + size].astype(np.float32) / 255
    crop = np.rot90(crop, self.random.integers(4))
    if self.random.random() < 0.5:
      crop = crop[:, ::-1]
    gains = self.random.uniform(0.85, 1.15, 3) * self.random.uniform(0.85, 1.1)
    return np.clip(crop * gains.astype(np.float32), 0, 1)

  def batch(self, count, size, masks):
    pictures = np.stack([self.crop(size) for _ in range(count)])
    chosen = []
    for _ in range(count):
      mask = masks[self.random.integers(len(masks))]
      top, left = (self.random.integers(length - size + 1) for length in mask.shape)
      chosen.append(np.rot90(mask[top : top + size, left : left + size], self.random.integers(4)))
    picture = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
    mask = torch.from_numpy(np.stack(chosen)[:, None].astype(np.float32))
    return picture.contiguous(memory_format=torch.channels_last), mask


def dissimilarity(composite, picture, mask):
  """Returns 1 - SSIM of the brightness, averaged over the 7 x 7 windows that touch a hole."""

  def mean(plane):
    return F.avg_pool2d(plane, 7, 2)

  x, y = composite.mean(1, keepdim=True), picture.mean(1, keepdim=True)
  x_mean, y_mean = mean(x), mean(y)
  x_variance, y_variance = mean(x * x) - x_mean**2, mean(y * y) - y_mean**2
  covariance = mean(x * y) - x_mean * y_mean
  similarity = (2 * x_mean * y_mean + 1e-4) * (2 * covariance + 9e-4)
  similarity = similarity / ((x_mean**2 + y_mean**2 + 1e-4) * (x_variance + y_variance + 9e-4))
  touched = (mean(mask) < 1).float()
  return ((1 - similarity) * touched).sum() / touched.sum().clamp(min=1)


def loss_of(output, picture, mask, similarity):
  """Hole and valid l1, l1 of gradients, total variation around holes, weighted dissimilarity."""
  hole = 1 - mask
  error = (output - picture).abs()
  share = hole.mean().clamp(min=0.02)
  loss = 2 * (error * hole).mean() / share + (error * mask).mean() / mask.mean().clamp(min=0.02)
  near = F.max_pool2d(hole, 3, 1, 1)
  composite = mask * picture + hole * output
  for axis in (2, 3):
    weight = near.narrow(axis, 1, near.shape[axis] - 1)
    slope = (output - picture).diff(dim=axis)
    loss = loss + (slope.abs() * weight).mean() / share
    loss = loss + 0.05 * (composite.diff(dim=axis).abs() * weight).mean() / share
  return loss + similarity * dissimilarity(composite, picture, mask)


@torch.no_grad()
def evaluate(network, batch, mask):
  """Returns the PSNR in dB of composites of held-out crops."""
  network.eval()
  errors = []
  for first in range(0, len(batch), 4):
    x, m = batch[first : first + 4], mask[first : first + 4]
    with torch.autocast("cpu", torch.bfloat16):
      output = m * x + (1 - m) * network(x, m)
    errors.append(((output - x) ** 2).mean((1, 2, 3)))
  return float((-10 * torch.log10(torch.cat(errors))).mean())


def prepare(step, progress, network, optimizer, arguments):
  """Sets the learning rate and the modes for a step; `progress` is 0...1 of the time."""
  warm = min(1.0, (step + 1) / 100)
  for group in optimizer.param_groups:
    group["lr"] = arguments.rate * warm * (0.01 + 0.495 * (1 + np.cos(np.pi * progress)))
  network.train()
  for module in network.modules():
    if isinstance(module, nn.BatchNorm2d) and progress >= arguments.frozen_after:
      module.eval()


@torch.no_grad()
def update(average, network, step):
  """Moves the average of the weights towards the network's."""
  decay = min(0.998, step / (step + 20))
  for old, new in zip(average.state_dict().values(), network.state_dict().values()):
    if old.dtype.is_floating_point:
      old.lerp_(new, 1 - decay)


def train(arguments, state):
  """Trains for the time given and returns the moving average of the network."""
  pictures = Pictures(arguments.pictures, arguments.seed)
  random = np.random.default_rng(arguments.seed + 1)
  masks = [irregular_mask(random, 320) for _ in range(1500)]
  held_out = Pictures(arguments.held_out, 7).batch(32, 256, masks)
  network = PartialUNet().to(memory_format=torch.channels_last)
  if state.exists():
    network.load_state_dict(torch.load(state))
  average = copy.deepcopy(network)
  optimizer = torch.optim.Adam(network.parameters(), arguments.rate, fused=True)
  start, step, report, running = time.time(), 0, 0.0, None
  while (progress := (time.time() - start) / (60 * arguments.minutes)) < 1:
    prepare(step, progress, network, optimizer, arguments)
    count, size = LARGE_BATCH if step % 4 == 3 else BATCH
    picture, mask = pictures.batch(count, size, masks)
    with torch.autocast("cpu", torch.bfloat16):
      output = network(picture, mask)
    loss = loss_of(output, picture, mask, arguments.similarity)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimizer.step()
    update(average, network, step)
    running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
    step += 1
    if time.time() - report > REPORT_EVERY:
      report = time.time()
      torch.save(average.state_dict(), state)
      quality, minutes = evaluate(average, *held_out), (report - start) / 60
      print(f"{minutes:6.1f} min  step {step}  loss {running:.4f}  {quality:.2f} dB", flush=True)
  torch.save(average.state_dict(), state)
  print(f"done  step {step}  {evaluate(average, *held_out):.2f} dB", flush=True)
  return average.eval()


@torch.no_grad()
def export(network, path):
  """Writes the weights by name, and a check: a random picture with a hole and the output."""
  picture = torch.rand(1, 3, 128, 192)
  mask = (torch.rand(1, 1, 128, 192) > 0.4).float()
  mask[:, :, 20:80, 30:90] = 0
  check = {"picture": picture, "mask": mask, "output": network(picture, mask)}
  arrays = {name: value.numpy() for name, value in network.state_dict().items() if value.ndim > 0}
  np.savez(path, **arrays, **{f"check.{name}": value.numpy() for name, value in check.items()})


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--pictures", required=True, help="folder of training pictures")
  parser.add_argument("--held-out", required=True, help="folder of pictures to measure on")
  parser.add_argument("--output", type=Path, required=True, help="the weights to write (.npz)")
  parser.add_argument("--minutes", type=float, default=95)
  parser.add_argument("--rate", type=float, default=2e-3)
  parser.add_argument("--similarity", type=float, default=1.5, help="weight of 1 - SSIM")
  parser.add_argument(
    "--frozen-after", type=float, default=0.6, help="share of the time with moving batch norm"
  )
  parser.add_argument("--threads", type=int, default=1)
  parser.add_argument("--seed", type=int, default=20180420)
  arguments = parser.parse_args()
  torch.manual_seed(arguments.seed)
  torch.set_num_threads(arguments.threads)
  export(train(arguments, arguments.output.with_suffix(".pth")), arguments.output)


if __name__ == "__main__":
  main()
