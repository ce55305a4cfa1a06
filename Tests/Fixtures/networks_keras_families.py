"""Partial-convolution U-Nets of the Keras families, in tf-keras, written from their formulas.

With X the picture, M the mask (1 = valid), both N H W C, k the kernel side, s the mask convolved
with ones over all C channels, a layer of each arithmetic computes

    window            conv(X M) * k k / (s + 1e-8) * clip(s, 0, 1) + b      m' = clip(s, 0, 1)
    window_channels   the same with C k k
    at_least_one      conv(X M) * C k k / max(s, 1) + b                     m' = clip(s, 0, 1)
    mask_mean         conv(X M / mean of M over rows and columns) + b       m' = s > 0
    none              conv(X M) + b                                         m' = s > 0
"""

import dataclasses

import tensorflow as tf
from tf_keras import Model, layers

KERNELS = (7, 5, 5, 3, 3)
WIDTHS = (2, 3, 4, 4, 3)


@dataclasses.dataclass
class Arithmetic:
  """One family's layer: its ratio, its border, and what its arrays are called."""

  ratio: str = "window"
  pads_as_tensorflow: bool = False
  kernel_name: str = "img_kernel"
  stores_mask_kernel: bool = False


class PartialConvolution(layers.Layer):
  """`[picture, mask]` to `[picture, mask]`."""

  arithmetic = Arithmetic()

  def __init__(self, filters, kernel_size, strides=1, use_bias=True, **options):
    super().__init__(**options)
    self.filters, self.side, self.stride = filters, kernel_size, strides
    self.use_bias = use_bias

  def build(self, shapes):
    shape = (self.side, self.side, int(shapes[0][-1]), self.filters)
    self.kernel = self.add_weight(name=self.arithmetic.kernel_name, shape=shape)
    self.bias = self.add_weight(name="bias", shape=(self.filters,)) if self.use_bias else 0.0
    self.kernel_mask = tf.ones(shape)
    if self.arithmetic.stores_mask_kernel:
      self.kernel_mask = self.add_weight(name="Variable", shape=shape, initializer="ones")
    super().build(shapes)

  def convolve(self, values, kernel):
    if not self.arithmetic.pads_as_tensorflow:
      margin = [self.side // 2, self.side // 2]
      values = tf.pad(values, [[0, 0], margin, margin, [0, 0]])
    padding = "SAME" if self.arithmetic.pads_as_tensorflow else "VALID"
    return tf.nn.conv2d(values, kernel, self.stride, padding)

  def call(self, inputs):
    picture, mask = inputs
    ratio, valid = self.arithmetic.ratio, picture * mask
    if ratio == "mask_mean":
      valid = valid / tf.reduce_mean(mask, axis=[1, 2], keepdims=True)
    features = self.convolve(valid, self.kernel)
    total = self.convolve(mask, self.kernel_mask)
    if ratio in ("mask_mean", "none"):
      return [features + self.bias, tf.cast(total > 0, tf.float32)]
    clipped, area = tf.clip_by_value(total, 0, 1), self.side * self.side
    if ratio != "window":
      area *= self.kernel.shape[2]
    if ratio == "at_least_one":
      scale = area / tf.maximum(total, 1)
    else:
      scale = area / (total + 1e-8) * clipped
    return [features * scale + self.bias, clipped]

  def get_config(self):
    return super().get_config() | {
      "filters": self.filters,
      "kernel_size": [self.side, self.side],
      "strides": [self.stride, self.stride],
      "use_bias": self.use_bias,
    }


class PConv2D(PartialConvolution):
  """What the layer is called in most repositories."""


@dataclasses.dataclass
class Family:
  """What one repository's U-Net is beside its layer's arithmetic."""

  arithmetic: Arithmetic
  encoder: str | None = None
  decoder: str | None = None
  encoder_norm: str = "EncBN{previous}"
  decoder_norm: str | None = None
  first: int = 1
  kernels: tuple = KERNELS
  channels: int = 3
  joins_skip_first: bool = True
  output: str | None = "outputs_img"
  inputs: tuple = ("inputs_img", "inputs_mask")
  mixes_masks_up: bool = False


FAMILIES = {
  "pconv_keras": Family(Arithmetic()),
  "window_channels": Family(Arithmetic("window_channels")),
  "2018": Family(Arithmetic("mask_mean", pads_as_tensorflow=True)),
  "2018-06": Family(Arithmetic("none", pads_as_tensorflow=True)),
  "tf2": Family(Arithmetic(pads_as_tensorflow=True, kernel_name="kernel")),
  "ezavarygin": Family(
    Arithmetic("at_least_one", pads_as_tensorflow=True),
    "pconv2d_enc_{level}", "pconv2d_dec_{level}", "bn_enc_{level}", "bn_dec_{level}",
    joins_skip_first=False, output=None, inputs=("input_img", "input_mask"),
  ),
  "furrypython": Family(
    Arithmetic(stores_mask_kernel=True),
    "pconv2d_enc_{level}", "pconv2d_dec_{level}", "bn_enc_{level}", "bn_dec_{level}",
    mixes_masks_up=True,
  ),
  "sound_field": Family(
    Arithmetic(kernel_name="sf_kernel"),
    "encoder_partialconv_{level}", "decoder_partialconv_{level}", "encoder_bn_{level}",
    "encoder_bn_{level}", first=0, kernels=(5, 3, 3, 3), channels=5, output="outputs_sf",
    inputs=("inputs_sf", "inputs_mask"),
  ),
}


def named(template, level):
  """Returns the keyword arguments that name a layer, none where the repository does not."""
  return {"name": template.format(level=level, previous=level - 1)} if template else {}


def unet(name, size, train_bn=False):
  """Returns the network of a family for pictures and masks of `size` (rows, columns), N H W C."""
  family = FAMILIES[name]
  PartialConvolution.arithmetic = family.arithmetic
  shape = (*size, family.channels)
  picture, mask = (layers.Input(shape, name=name) for name in family.inputs)
  model_inputs, skips = [picture, mask], [(picture, mask)]
  for index, (kernel, width) in enumerate(zip(family.kernels, WIDTHS)):
    level = family.first + index
    if family.mixes_masks_up and level == 5:
      mask = picture
    plain = family.output is None and index > 0
    layer = PConv2D(width, kernel, 2, use_bias=not plain, **named(family.encoder, level))
    picture, mask = layer([picture, mask])
    if index > 0:
      norm = layers.BatchNormalization(**named(family.encoder_norm, level))
      picture = norm(picture, training=train_bn)
    picture = layers.ReLU()(picture)
    skips.append((picture, mask))
  if family.mixes_masks_up:
    skips[4] = (skips[4][1], skips[4][1])
  output = decode(family, skips)
  if family.output:
    output = layers.Conv2D(family.channels, 1, activation="sigmoid", name=family.output)(output)
  return Model(model_inputs, output)


def decode(family, skips):
  """Runs the decoder on the encoder's skips, input first, bottleneck last."""
  count = len(family.kernels)
  picture, mask = skips.pop()
  for index in range(count):
    level = family.first + count + index
    pairs = [skips.pop(), [layers.UpSampling2D()(value) for value in (picture, mask)]]
    if not family.joins_skip_first:
      pairs.reverse()
    picture, mask = (layers.Concatenate()(list(parts)) for parts in zip(*pairs))
    width = WIDTHS[count - 2 - index] if index < count - 1 else family.channels
    is_last = index == count - 1
    plain = family.output is None and not is_last
    layer = PConv2D(width, 3, use_bias=not plain, **named(family.decoder, level))
    picture, mask = layer([picture, mask])
    if not is_last:
      picture = layers.BatchNormalization(**named(family.decoder_norm, level))(picture)
    if not is_last or family.output:
      picture = layers.LeakyReLU(0.2)(picture)
  return picture
