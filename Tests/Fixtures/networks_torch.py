"""The U-Nets of naoto0804 and climatereconstructionAI (CRAI), written from their formulas.

With X the picture, M the mask (1 = valid), both N C H W, s = M convolved with ones over all C
channels and y = conv(X * M) + b, both families compute

    y' = (y - b) / s + b where s > 0, else 0        m' = (s > 0)
"""

import torch
from torch import nn
from torch.nn import functional as F


class SumRenormalised(nn.Module):
  """A partial convolution that divides by the mask sum; `mask_conv` stores its kernel of ones."""

  def __init__(self, channels, filters, kernel, stride, padding, bias):
    super().__init__()
    self.input_conv = nn.Conv2d(channels, filters, kernel, stride, padding, bias=bias)
    self.mask_conv = nn.Conv2d(channels, filters, kernel, stride, padding, bias=False)
    nn.init.kaiming_normal_(self.input_conv.weight, nonlinearity="relu")
    nn.init.ones_(self.mask_conv.weight)
    self.mask_conv.weight.requires_grad_(False)

  def forward(self, picture, mask):
    features = self.input_conv(picture * mask)
    with torch.no_grad():
      window_sum = self.mask_conv(mask)
    is_hole = window_sum == 0
    divisor = window_sum.masked_fill(is_hole, 1)
    bias = (
      torch.zeros(()) if self.input_conv.bias is None else self.input_conv.bias.view(1, -1, 1, 1)
    )
    renormalised = (features - bias) / divisor + bias
    return renormalised.masked_fill(is_hole, 0), (~is_hole).to(mask.dtype)


def activation(kind):
  """Returns `relu`, `leaky` (slope 0.2), `leaky01` (slope 0.01), or the identity for None."""
  slopes = {"leaky": 0.2, "leaky01": 0.01}
  if kind is None:
    return nn.Identity()
  return nn.ReLU() if kind == "relu" else nn.LeakyReLU(slopes[kind])


class NaotoBlock(nn.Module):
  """naoto0804: convolution, optional batch normalisation, activation."""

  def __init__(self, channels, filters, kernel, stride, normalised, kind, bias=False):
    super().__init__()
    self.conv = SumRenormalised(channels, filters, kernel, stride, kernel // 2, bias)
    if normalised:
      self.bn = nn.BatchNorm2d(filters)
    self.activation = activation(kind)

  def forward(self, picture, mask):
    picture, mask = self.conv(picture, mask)
    if hasattr(self, "bn"):
      picture = self.bn(picture)
    return self.activation(picture), mask


class NaotoUNet(nn.Module):
  """The seven-level U-Net of naoto0804: returns picture and mask at the size of the input."""

  KERNELS = (7, 5, 5, 3, 3, 3, 3)

  def __init__(self, widths):
    super().__init__()
    channels = (3,) + tuple(widths)
    self.levels = len(widths)
    for level, kernel in enumerate(self.KERNELS, start=1):
      block = NaotoBlock(channels[level - 1], channels[level], kernel, 2, level > 1, "relu")
      setattr(self, f"enc_{level}", block)
    for level in range(self.levels, 0, -1):
      skip, is_last = channels[level - 1], level == 1
      kind = None if is_last else "leaky"
      block = NaotoBlock(channels[level] + skip, skip, 3, 1, not is_last, kind, bias=is_last)
      setattr(self, f"dec_{level}", block)

  def forward(self, picture, mask):
    skips = [(picture, mask)]
    for level in range(1, self.levels + 1):
      skips.append(getattr(self, f"enc_{level}")(*skips[-1]))
    picture, mask = skips.pop()
    for level in range(self.levels, 0, -1):
      skip_picture, skip_mask = skips.pop()
      picture = torch.cat([F.interpolate(picture, scale_factor=2), skip_picture], dim=1)
      mask = torch.cat([F.interpolate(mask, scale_factor=2), skip_mask], dim=1)
      picture, mask = getattr(self, f"dec_{level}")(picture, mask)
    return picture, mask


class CraiBlock(nn.Module):
  """CRAI: padding, convolution without any of its own, optional batch normalisation, activation."""

  def __init__(self, channels, filters, kernel, stride, normalised, kind, is_global, bias=False):
    super().__init__()
    self.partial_conv = SumRenormalised(channels, filters, kernel, stride, 0, bias)
    if normalised:
      self.partial_conv.bn = nn.BatchNorm2d(filters)
    self.activation = activation(kind)
    self.margin, self.is_global = kernel // 2, is_global

  def pad(self, x):
    """Pads with zeros, or on the globe: zero rows at the poles, then columns around the Earth."""
    margin = self.margin
    if not self.is_global:
      return F.pad(x, (margin, margin, margin, margin))
    return F.pad(F.pad(x, (0, 0, margin, margin)), (margin, margin, 0, 0), mode="circular")

  def forward(self, picture, mask):
    picture, mask = self.partial_conv(self.pad(picture), self.pad(mask))
    if hasattr(self.partial_conv, "bn"):
      picture = self.partial_conv.bn(picture)
    return self.activation(picture), mask


class CraiUNet(nn.Module):
  """The U-Net of climatereconstructionAI for any size.

  `widths` and `kernels` describe the encoder; `first_bn`: its first level is normalised too;
  `has_skips`: decoders see the encoders' pictures, too.
  """

  def __init__(self, widths, kernels, first_bn, is_global, has_skips=True, inputs=1, outputs=1):
    super().__init__()
    channels, levels = (inputs,) + tuple(widths), range(len(widths))
    self.has_skips = has_skips
    self.encoder = nn.ModuleList(
      CraiBlock(
        channels[level],
        channels[level + 1],
        kernels[level],
        2,
        first_bn or level > 0,
        "relu",
        is_global,
      )
      for level in levels
    )
    self.decoder = nn.ModuleList(
      CraiBlock(
        channels[level + 1] + (channels[level] if has_skips else 0),
        channels[level] if level > 0 else outputs,
        3,
        1,
        level > 0,
        "leaky01" if level > 0 else None,
        is_global,
        bias=level == 0,
      )
      for level in reversed(levels)
    )

  def forward(self, picture, mask):
    skips = [(picture, mask)]
    for block in self.encoder:
      skips.append(block(*skips[-1]))
    picture, mask = skips.pop()
    for block in self.decoder:
      skip_picture, skip_mask = skips.pop()
      size = skip_picture.shape[2:]
      picture, mask = F.interpolate(picture, size=size), F.interpolate(mask, size=size)
      if self.has_skips:
        picture = torch.cat([picture, skip_picture], dim=1)
        mask = torch.cat([mask, skip_mask], dim=1)
      picture, mask = block(picture, mask)
    return picture
