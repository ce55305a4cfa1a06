"""Slim U-Nets whose renormalisation adds 1e-8 to the mask sum, written from their formulas.

With X the picture, M the mask (1 = valid), s = M convolved with ones, k * k the window, C the
channels of the mask, ratio = numerator / (s + 1e-8) * clamp(s, 0, 1):

    tanimutomo    numerator C k k; y = conv(X * M) * ratio; with a bias ((y + b) - b) * ratio + b, and
                  that times ratio once more
    xyfJASON      numerator C k k; (conv(X * M) * ratio + b) * m'
    jacob         one-channel masks, a joined one of two in the decoder; numerator as above; NVIDIA's
                  bias; m' = product of clamp(s, 0, 1) over channels
    m' = clamp(s, 0, 1)
"""

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-8


class RatioConvolution(nn.Module):
  """A partial convolution of `dialect` that multiplies by numerator / (s + 1e-8)."""

  def __init__(self, dialect, channels, filters, kernel, stride, bias, mask_channels):
    super().__init__()
    self.dialect = dialect
    self.conv = nn.Conv2d(
      channels, filters, kernel, stride, kernel // 2, bias=bias and dialect != "xyfjason"
    )
    nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
    if dialect == "xyfjason":
      self.bias = nn.Parameter(torch.zeros(filters))
    mask_filters = 1 if dialect == "jacob" and mask_channels == 1 else filters
    self.mask_kernel = torch.ones(mask_filters, mask_channels, kernel, kernel)
    self.numerator = mask_channels * kernel * kernel

  def forward(self, picture, mask):
    with torch.no_grad():
      window_sum = F.conv2d(
        mask, self.mask_kernel, stride=self.conv.stride, padding=self.conv.padding
      )
      ratio = self.numerator / (window_sum + EPSILON)
      valid = torch.clamp(window_sum, 0, 1)
      ratio = ratio * valid
    if self.dialect == "jacob" and mask.shape[1] > 1:
      picture = picture * self.spread(mask, picture.shape[1])
    else:
      picture = picture * mask
    features = self.conv(picture)
    if self.dialect == "xyfjason":
      features = (features * ratio + self.bias.view(1, -1, 1, 1)) * valid
    elif self.conv.bias is None:
      features = features * ratio
    else:
      bias = self.conv.bias.view(1, -1, 1, 1)
      features = (features - bias) * ratio + bias
      features = features * (ratio if self.dialect == "tanimutomo" else valid)
    if self.dialect == "jacob":
      valid = torch.prod(valid, dim=1, keepdim=True)
    return features, valid

  @staticmethod
  def spread(mask, channels):
    """Repeats a one-channel mask for each of two pictures joined to `channels` channels."""
    half = channels // 2
    return torch.cat(
      [mask[:, :1].expand(-1, half, -1, -1), mask[:, 1:].expand(-1, channels - half, -1, -1)], 1
    )


class RatioBlock(nn.Module):
  """Partial convolution, optional batch normalisation, activation."""

  def __init__(self, dialect, channels, filters, kernel, stride, mask_channels, slope, bias=False):
    super().__init__()
    self.conv = RatioConvolution(
      dialect, channels, filters, kernel, stride, bias, mask_channels
    )
    has_norm = dialect != "tanimutomo" and slope is not None
    self.bn = nn.BatchNorm2d(filters) if has_norm else nn.Identity()
    activations = {None: nn.Identity(), 0: nn.ReLU()}
    self.activation = activations[slope] if slope in activations else nn.LeakyReLU(slope)

  def forward(self, picture, mask):
    picture, mask = self.conv(picture, mask)
    return self.activation(self.bn(picture)), mask


class RatioUNet(nn.Module):
  """A U-Net of `dialect`: returns the picture and the mask of the last layer."""

  KERNELS = (7, 5, 3)

  def __init__(self, dialect, widths):
    super().__init__()
    channels = (3,) + tuple(widths)
    self.levels, single = len(widths), dialect == "jacob"
    for level in range(1, self.levels + 1):
      before, after = channels[level - 1], channels[level]
      masks = 1 if single else before
      block = RatioBlock(dialect, before, after, self.KERNELS[level - 1], 2, masks, 0)
      setattr(self, f"enc_{level}", block)
    for level in range(self.levels, 0, -1):
      skip, is_last = channels[level - 1], level == 1
      joined = channels[level] + skip
      block = RatioBlock(
        dialect, joined, skip, 3, 1, 2 if single else joined, None if is_last else 0.2, is_last
      )
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
