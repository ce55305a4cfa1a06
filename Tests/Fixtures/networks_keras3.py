"""The PConv-Keras U-Net (2019 maths) in Keras 3, written from its formulas; see networks_keras."""

import keras
from keras import layers, ops

KERNELS = (7, 5, 3)
WIDTHS = (2, 3, 4)


class PConv2D(layers.Layer):
  """`[picture, mask]` to `[picture, mask]`."""

  def __init__(self, filters, kernel_size, strides=1, **options):
    super().__init__(**options)
    self.filters, self.side, self.stride = filters, kernel_size, strides

  def build(self, shapes):
    shape = (self.side, self.side, shapes[0][-1], self.filters)
    self.kernel = self.add_weight(name="img_kernel", shape=shape)
    self.bias = self.add_weight(name="bias", shape=(self.filters,))

  def call(self, inputs):
    margin = [self.side // 2, self.side // 2]
    picture, mask = (ops.pad(value, [[0, 0], margin, margin, [0, 0]]) for value in inputs)
    ones = ops.ones(self.kernel.shape)
    total = ops.conv(mask, ones, self.stride, "valid")
    features = ops.conv(picture * mask, self.kernel, self.stride, "valid")
    clipped = ops.clip(total, 0, 1)
    return [features * (self.side**2 / (total + 1e-8) * clipped) + self.bias, clipped]

  def compute_output_shape(self, shapes):
    batch, height, width, _ = shapes[0]
    shape = (batch, height // self.stride, width // self.stride, self.filters)
    return [shape, shape]

  def get_config(self):
    return super().get_config() | {
      "filters": self.filters,
      "kernel_size": [self.side, self.side],
      "strides": [self.stride, self.stride],
    }


def unet(size):
  """Returns the network for pictures and masks of `size` (rows, columns), N H W 3."""
  picture, mask = (layers.Input((*size, 3), name=f"inputs_{n}") for n in ("img", "mask"))
  inputs, skips = [picture, mask], [(picture, mask)]
  for level, (kernel, width) in enumerate(zip(KERNELS, WIDTHS)):
    picture, mask = PConv2D(width, kernel, 2)([picture, mask])
    if level > 0:
      picture = layers.BatchNormalization(name=f"EncBN{level}")(picture, training=False)
    picture = layers.Activation("relu")(picture)
    skips.append((picture, mask))
  picture, mask = skips.pop()
  while skips:
    pairs = zip(skips.pop(), (layers.UpSampling2D()(value) for value in (picture, mask)))
    picture, mask = (layers.Concatenate(axis=3)(list(parts)) for parts in pairs)
    width = WIDTHS[len(skips) - 1] if skips else 3
    picture, mask = PConv2D(width, 3)([picture, mask])
    if skips:
      picture = layers.BatchNormalization()(picture)
    picture = layers.LeakyReLU(negative_slope=0.2)(picture)
  output = layers.Conv2D(3, 1, activation="sigmoid", name="outputs_img")(picture)
  return keras.Model(inputs, output)
