"""The U-Nets of further PyTorch families, written from their formulas.

With X the picture, M the mask (1 = valid), both N C H W, y = conv(X * M, w), s the sum of M in the
window over the channels that the mask convolution sees, n the number of cells summed and
c = clamp(s, 0, 1), a layer is one row of the tables of `LAYERS`. All networks share one plan; the
families differ in rows, kernels, in where biases and batch norms are, and in the names they save
under, which `Family.state` gives.
"""

import dataclasses
from typing import Callable

import torch
from torch import nn
from torch.nn import functional as F


def divided_by_sum(y, b, s, n):
  """naoto0804, bobqywei, IsHYuhi, CRAI: 1 / s, and 0 where s is 0."""
  del n
  output = ((y + b) - b) / torch.where(s == 0, 1, s) + b
  return torch.where(s == 0, 0, output), (s != 0).to(s.dtype)


def ratio(s, n, epsilon=1e-8):
  return n / (s + epsilon) * s.clamp(0, 1)


def nvidia(y, b, s, n, epsilon=1e-8):
  return (((y + b) - b) * ratio(s, n, epsilon) + b) * (s.clamp(0, 1) if b is not ZERO else 1)


ZERO = torch.zeros(())

LAYERS = {
  "sum": divided_by_sum,
  "nvidia": lambda y, b, s, n: (nvidia(y, b, s, n), s.clamp(0, 1)),
  "nvidia_product": lambda y, b, s, n: (
    nvidia(y, b, s, n),
    s.clamp(0, 1).prod(dim=1, keepdim=True),
  ),
  "epsilon_1e-6": lambda y, b, s, n: (nvidia(y, b, s, n, epsilon=1e-6), s.clamp(0, 1)),
  "ratio_twice": lambda y, b, s, n: (
    y * ratio(s, n) if b is ZERO else (((y + b) - b) * ratio(s, n) + b) * ratio(s, n),
    s.clamp(0, 1),
  ),
  "bias_after": lambda y, b, s, n: ((y * ratio(s, n) + b) * s.clamp(0, 1), s.clamp(0, 1)),
  "unclipped_ratio": lambda y, b, s, n: (
    y * (n / (s + 1e-8))
    if b is ZERO
    else (((y + b) - b) * (n / (s + 1e-8)) + b) * s.clamp(0, 1),
    s.clamp(0, 1),
  ),
}


class Layer(nn.Module):
  """A partial convolution by a row of `LAYERS`, a batch norm where `normalised`, an activation."""

  def __init__(self, row, channels, filters, kernel, stride, has_bias, normalised, kind):
    super().__init__()
    self.row, self.stride, self.kind = row, stride, kind
    self.weight = nn.Parameter(torch.empty(filters, channels, kernel, kernel))
    nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
    self.bias = nn.Parameter(torch.zeros(filters)) if has_bias else None
    self.norm = nn.BatchNorm2d(filters) if normalised else None

  def forward(self, picture, mask):
    geometry = {"stride": self.stride, "padding": self.weight.shape[2] // 2}
    ones = torch.ones_like(self.weight[:1] if mask.shape[1] == 1 else self.weight)
    ones = ones[:, : mask.shape[1]]
    b = ZERO if self.bias is None else self.bias.view(1, -1, 1, 1)
    y = F.conv2d(picture * mask, self.weight, **geometry)
    output, mask = LAYERS[self.row](y, b, F.conv2d(mask, ones, **geometry), ones[0].numel())
    output = output if self.norm is None else self.norm(output)
    if self.kind == "relu":
      return output.relu(), mask
    return (output if self.kind is None else F.leaky_relu(output, 0.2)), mask


@dataclasses.dataclass(frozen=True)
class Family:
  """What tells one family's U-Net from another's.

  `name(level, is_encoder, part)` is the saved name of a layer's `weight`, `bias`, `ones` (None
  where the family does not save the mask convolution's kernel) or `norm`.
  """

  name: Callable
  encoder: str
  decoder: str
  kernels: tuple = (7, 5, 5, 3, 3, 3, 3, 3)
  biases: str = "last"
  norms: str = "inner"
  repeats_masks: bool = False
  pads_skips: bool = False
  ends: Callable = lambda picture: picture

  def state(self, network):
    """Returns the state dictionary of `network` under the family's names."""
    state = {}
    for level, is_encoder, layer in network.layers():
      for part in ("weight", "bias"):
        if getattr(layer, part) is not None:
          state[self.name(level, is_encoder, part)] = getattr(layer, part).detach()
      ones = self.name(level, is_encoder, "ones")
      if ones is not None:
        state[ones] = torch.ones_like(layer.weight)
      if layer.norm is not None:
        prefix = self.name(level, is_encoder, "norm")
        state |= {f"{prefix}.{key}": value for key, value in layer.norm.state_dict().items()}
    return state


class FamilyUNet(nn.Module):
  """The U-Net of `family` with `widths` channels, of which the first `used` levels run."""

  def __init__(self, family, widths, used=None, inputs=3, outputs=3):
    super().__init__()
    channels = (inputs,) + tuple(widths)
    self.family, self.used = family, used or len(widths)

    def layer(level, is_encoder):
      is_last = level == 1 and not is_encoder
      is_outer = level == 1 if family.norms == "inner" else is_last
      skip = channels[level - 1]
      return Layer(
        family.encoder if is_encoder else family.decoder,
        skip if is_encoder else channels[level] + skip,
        channels[level] if is_encoder else outputs if is_last else skip,
        family.kernels[level - 1] if is_encoder else 3,
        2 if is_encoder else 1,
        is_last or family.biases == "all",
        family.norms != "none" and not is_outer,
        "relu" if is_encoder else None if is_last else "leaky",
      )

    levels = range(1, len(widths) + 1)
    self.encoder = nn.ModuleList(layer(level, True) for level in levels)
    self.decoder = nn.ModuleList(layer(level, False) for level in levels)

  def layers(self):
    """Yields level, whether it encodes, and the layer."""
    for is_encoder, half in ((True, self.encoder), (False, self.decoder)):
      for level, layer in enumerate(half, start=1):
        yield level, is_encoder, layer

  def forward(self, picture, mask):
    skips = [(picture, mask)]
    for layer in self.encoder[: self.used]:
      skips.append(layer(*skips[-1]))
    picture, mask = skips.pop()
    for layer in reversed(self.decoder[: self.used]):
      below = [F.interpolate(x, scale_factor=2) for x in (picture, mask)]
      skip = skips.pop()
      if self.family.pads_skips:
        down, right = (below[0].shape[axis] - skip[0].shape[axis] for axis in (2, 3))
        border = (right // 2, right - right // 2, down // 2, down - down // 2)
        skip = [F.pad(x, border) for x in skip]
      if self.family.repeats_masks:
        below[1], skip = below[1].expand_as(below[0]), (skip[0], skip[1].expand_as(skip[0]))
      picture, mask = layer(*(torch.cat(pair, dim=1) for pair in zip(below, skip)))
    return self.family.ends(picture), mask


def naoto_name(level, is_encoder, part):
  ends = {"weight": "conv.input_conv.weight", "bias": "conv.input_conv.bias",
          "ones": "conv.mask_conv.weight", "norm": "bn"}
  return f"{'enc' if is_encoder else 'dec'}_{level}.{ends[part]}"


def bobqywei_name(level, is_encoder, part):
  ends = {"weight": "input_conv.weight", "bias": "input_conv.bias",
          "ones": "mask_conv.weight", "norm": "batch_normalization"}
  return f"{'encoder' if is_encoder else 'decoder'}_{level}.{ends[part]}"


def tanimutomo_name(level, is_encoder, part):
  ends = {"weight": "conv.weight", "bias": "conv.bias", "ones": None, "norm": "bn"}
  return ends[part] and f"{'enc' if is_encoder else 'dec'}_{level}.{ends[part]}"


def yuitc_name(level, is_encoder, part):
  prefix = f"{'enc' if is_encoder else 'dec'}_{level}."
  return prefix + {"ones": "conv.mask_kernel", "norm": "bn"}.get(part, f"conv.{part}")


def jason_name(level, is_encoder, part):
  prefix = f"encoder{level}." if is_encoder else f"decoder{level}.partial_conv."
  return prefix + {"weight": "conv.weight", "ones": "mask_conv_weight"}.get(part, part)


def numbered(prefix, ends, levels=8):
  """Returns the `name` of the families that number the layers as they run."""

  def name(level, is_encoder, part):
    number = level if is_encoder else 2 * levels + 1 - level
    return ends[part] and f"{prefix}{number}.{ends[part]}"

  return name


def nicering_name(level, is_encoder, part):
  number = level if is_encoder else 17 - level
  ends = {"weight": "conv.weight", "bias": "conv.bias", "ones": None, "norm": "bn"}
  inner = "" if number == 16 or part == "norm" else "pconv."
  return ends[part] and f"PConv{number}.{inner}{ends[part]}"


NVIDIA_NAMES = {"weight": "conv.weight", "bias": "conv.bias", "ones": None, "norm": "bn"}
ISHYUHI_NAMES = {"weight": "input_conv.weight", "bias": "input_conv.bias",
                 "ones": "mask_conv.weight", "norm": "batch_norm"}

FAMILIES = {
  "naoto0804": Family(naoto_name, "sum", "sum"),
  "javirk": Family(naoto_name, "sum", "sum", pads_skips=True),
  "bobqywei": Family(bobqywei_name, "sum", "sum", kernels=(7, 5, 3, 3, 3, 3, 3)),
  "tanimutomo": Family(tanimutomo_name, "ratio_twice", "ratio_twice", norms="none"),
  "yuitc": Family(yuitc_name, "epsilon_1e-6", "epsilon_1e-6"),
  "xyfjason": Family(jason_name, "bias_after", "bias_after", biases="all"),
  "jacobaustin123": Family(
    numbered("conv", NVIDIA_NAMES), "nvidia", "nvidia_product", norms="all_but_last",
    repeats_masks=True, ends=torch.tanh,
  ),
  "niceringnode": Family(nicering_name, "unclipped_ratio", "unclipped_ratio"),
  "ishyuhi": Family(numbered("pconv", ISHYUHI_NAMES), "sum", "sum"),
}
