"""The PConv-Keras U-Net (2019 maths) in tf-keras, written from its formulas.

Per layer, with X the picture, M the mask (1 = valid), both N H W C, and s the mask convolved with
ones over all C channels after symmetric zero padding of (k - 1) / 2:

    m' = clip(s, 0, 1)        y' = conv(X * M) * (k * k / (s + 1e-8)) * m' + b
"""

import tensorflow as tf
from tf_keras import Model, layers
from tf_keras import backend as K

from pconv_keras_layout import ENCODER_KERNELS

FULL_WIDTHS = (64, 128, 256, 512, 512, 512, 512, 512)


class PConv2D(layers.Conv2D):
  """One partial convolution: `[picture, mask]` to `[picture, mask]`.

  `stores_mask_kernel` makes the kernel of ones a variable, as tf-keras does to the published code:
  it is then saved beside the weights under the name `Variable`, between kernel and bias.
  """

  def __init__(self, *arguments, stores_mask_kernel=False, **options):
    super().__init__(*arguments, **options)
    self.stores_mask_kernel = stores_mask_kernel
    self.input_spec = None

  def build(self, input_shape):
    shape = self.kernel_size + (int(input_shape[0][-1]), self.filters)
    self.kernel = self.add_weight(name="img_kernel", shape=shape, initializer="he_normal")
    self.kernel_mask = K.ones(shape) if self.stores_mask_kernel else tf.ones(shape, K.floatx())
    self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
    self.built = True

  def call(self, inputs):
    margin = self.kernel_size[0] // 2
    picture, mask = (K.spatial_2d_padding(x, ((margin, margin), (margin, margin))) for x in inputs)
    window_sum = K.conv2d(mask, self.kernel_mask, strides=self.strides, padding="valid")
    features = K.conv2d(picture * mask, self.kernel, strides=self.strides, padding="valid")
    new_mask = K.clip(window_sum, 0, 1)
    area = self.kernel_size[0] * self.kernel_size[1]
    ratio = area / (window_sum + 1e-8) * new_mask
    return [K.bias_add(features * ratio, self.bias), new_mask]


def encode(picture, mask, widths, train_bn, options):
  """Runs the encoder and returns its `(picture, mask)` skips, input first, bottleneck last."""
  skips = [(picture, mask)]
  for level, (kernel, width) in enumerate(zip(ENCODER_KERNELS, widths)):
    picture, mask = PConv2D(width, kernel, strides=2, padding="same", **options)([picture, mask])
    if level > 0:
      picture = layers.BatchNormalization(name=f"EncBN{level}")(picture, training=train_bn)
    picture = layers.Activation("relu")(picture)
    skips.append((picture, mask))
  return skips


def decode(skips, options):
  """Runs the decoder on the encoder's skips and returns the picture at full size."""
  picture, mask = skips.pop()
  while skips:
    skip_picture, skip_mask = skips.pop()
    picture = layers.UpSampling2D(size=(2, 2))(picture)
    mask = layers.UpSampling2D(size=(2, 2))(mask)
    width = skip_picture.shape[-1]
    picture = layers.Concatenate(axis=3)([skip_picture, picture])
    mask = layers.Concatenate(axis=3)([skip_mask, mask])
    picture, mask = PConv2D(width, 3, padding="same", **options)([picture, mask])
    if skips:
      picture = layers.BatchNormalization()(picture)
    picture = layers.LeakyReLU(alpha=0.2)(picture)
  return picture


def pconv_keras(size, widths=FULL_WIDTHS, train_bn=False, stores_mask_kernel=False):
  """Returns the network: picture and mask N H W 3 of `size` x `size` to N H W 3 in 0..1.

  `train_bn`: the encoder's batch normalisation uses the statistics of the batch it is given.
  """
  options = {"stores_mask_kernel": stores_mask_kernel}
  picture = layers.Input((size, size, 3), name="inputs_img")
  mask = layers.Input((size, size, 3), name="inputs_mask")
  decoded = decode(encode(picture, mask, widths, train_bn, options), options)
  output = layers.Conv2D(3, 1, activation="sigmoid", name="outputs_img")(decoded)
  return Model(inputs=[picture, mask], outputs=output)


def stored_arrays(path):
  """Returns the arrays of a Keras HDF5 file in network order, as Keras loads them."""
  import h5py

  with h5py.File(path, "r") as file:
    root = file["model_weights"] if "model_weights" in file else file
    groups = [root[name] for name in root.attrs["layer_names"]]
    return [group[name][...] for group in groups for name in group.attrs["weight_names"]]


def load_by_order(model, path):
  """Assigns the arrays of `path`, which holds no mask kernels, to `model` in order."""
  variables = [v for layer in model.layers for v in layer.weights if "Variable" not in v.name]
  arrays = stored_arrays(path)
  if len(arrays) != len(variables):
    raise SystemExit(f"{path} holds {len(arrays)} arrays, the network has {len(variables)}")
  for variable, array in zip(variables, arrays):
    variable.assign(array)
