"""NVIDIA's ResNets with partial convolution used as padding, written from their formulas.

No mask is fed: every convolution sees one channel of ones, so that only windows over the border are
renormalised: y * k * k / (s + 1e-8) * clamp(s, 0, 1), with s the number of pixels inside. Keys are
those of the usual ResNets.
"""

import torch
from torch import nn
from torch.nn import functional as F


class PaddingConvolution(nn.Conv2d):
  """A convolution renormalised where its window crosses the border."""

  def __init__(self, channels, filters, kernel, stride=1, bias=False):
    super().__init__(channels, filters, kernel, stride, padding=kernel // 2, bias=bias)
    nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

  def forward(self, picture):
    ones = torch.ones(1, 1, *picture.shape[2:])
    window = torch.ones(1, 1, *self.kernel_size)
    window_sum = F.conv2d(ones, window, stride=self.stride, padding=self.padding)
    ratio = window.numel() / (window_sum + 1e-8) * window_sum.clamp(0, 1)
    if self.bias is None:
      return super().forward(picture) * ratio
    bias = self.bias.view(1, -1, 1, 1)
    return ((super().forward(picture) - bias) * ratio + bias) * window_sum.clamp(0, 1)


class BasicBlock(nn.Module):
  """Two 3x3 convolutions and a shortcut (ResNet18, 34)."""

  expansion = 1

  def __init__(self, channels, planes, stride):
    super().__init__()
    self.conv1 = PaddingConvolution(channels, planes, 3, stride)
    self.bn1 = nn.BatchNorm2d(planes)
    self.conv2 = PaddingConvolution(planes, planes, 3)
    self.bn2 = nn.BatchNorm2d(planes)
    self.downsample = shortcut(channels, planes, stride)

  def forward(self, x):
    y = F.relu(self.bn1(self.conv1(x)))
    y = self.bn2(self.conv2(y))
    return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
  """1x1, 3x3 (with the stride) and 1x1 convolutions and a shortcut (ResNet50 and deeper)."""

  expansion = 4

  def __init__(self, channels, planes, stride):
    super().__init__()
    self.conv1 = PaddingConvolution(channels, planes, 1)
    self.bn1 = nn.BatchNorm2d(planes)
    self.conv2 = PaddingConvolution(planes, planes, 3, stride)
    self.bn2 = nn.BatchNorm2d(planes)
    self.conv3 = PaddingConvolution(planes, planes * 4, 1)
    self.bn3 = nn.BatchNorm2d(planes * 4)
    self.downsample = shortcut(channels, planes * 4, stride)

  def forward(self, x):
    y = F.relu(self.bn1(self.conv1(x)))
    y = F.relu(self.bn2(self.conv2(y)))
    y = self.bn3(self.conv3(y))
    return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def shortcut(channels, filters, stride):
  """Returns the projection of a block whose shape changes, else None."""
  if stride == 1 and channels == filters:
    return None
  return nn.Sequential(PaddingConvolution(channels, filters, 1, stride), nn.BatchNorm2d(filters))


class PaddingResNet(nn.Module):
  """`block` repeated by `counts` at `planes` channels; input N 3 224 224, output N `classes`."""

  def __init__(self, block, counts, stem, planes, classes=10):
    super().__init__()
    self.conv1 = PaddingConvolution(3, stem, 7, 2)
    self.bn1 = nn.BatchNorm2d(stem)
    channels = stem
    for index, (count, width) in enumerate(zip(counts, planes), start=1):
      blocks = []
      for position in range(count):
        blocks.append(block(channels, width, 2 if index > 1 and position == 0 else 1))
        channels = width * block.expansion
      setattr(self, f"layer{index}", nn.Sequential(*blocks))
    self.fc = nn.Linear(channels, classes)

  def forward(self, picture):
    x = F.relu(self.bn1(self.conv1(picture)))
    x = F.max_pool2d(x, 3, stride=2, padding=1)
    x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
    x = F.avg_pool2d(x, 7, stride=1)
    return self.fc(x.flatten(1))


class PaddingVGG(nn.Module):
  """VGG: `counts[i]` convolutions of `widths[i]` channels and a pool, five times; N 3 224 224."""

  def __init__(self, counts, widths, normalised, hidden=6, classes=10):
    super().__init__()
    layers, channels = [], 3
    for count, width in zip(counts, widths):
      for _ in range(count):
        layers.append(PaddingConvolution(channels, width, 3, bias=True))
        layers += [nn.BatchNorm2d(width)] if normalised else []
        layers.append(nn.ReLU())
        channels = width
      layers.append(nn.MaxPool2d(2))
    self.features = nn.Sequential(*layers)
    self.classifier = nn.Sequential(
      nn.Linear(channels * 49, hidden),
      nn.ReLU(),
      nn.Dropout(),
      nn.Linear(hidden, hidden),
      nn.ReLU(),
      nn.Dropout(),
      nn.Linear(hidden, classes),
    )

  def forward(self, picture):
    return self.classifier(self.features(picture).flatten(1))
