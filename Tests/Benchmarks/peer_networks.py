"""The PConv-Keras network as ONNX in the forms that are kindest to general engines.

No exporter writes these. `masked` collapses the mask path by hand to one channel a group: a window
sum is an average pool, a mask meets a picture in one multiplication, and batch norm is folded
around the ratio. `unmasked` leaves masks out altogether, so it computes something else: it bounds
what any handling of masks could reach.
"""

import sys
from pathlib import Path

import h5py
import numpy as np
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Fixtures"))

from pconv_keras_layout import ENCODER_KERNELS

BATCH_NORM_EPSILON = 1e-3
DECODER_STAGES = 8


class Weights:
  """Arrays of a weights-only Keras file by layer and name."""

  def __init__(self, path):
    self.file = h5py.File(path, "r")

  def __call__(self, layer, name):
    group = self.file[layer][layer]
    return np.asarray(group[f"{name}:0"], np.float32)

  def has(self, layer):
    return layer in self.file


class Network:
  """An ONNX graph under construction."""

  def __init__(self, size):
    self.size = size
    self.nodes, self.constants = [], []

  def constant(self, array):
    name = f"c{len(self.constants)}"
    self.constants.append(numpy_helper.from_array(np.asarray(array), name))
    return name

  def node(self, kind, *inputs, **attributes):
    result = f"v{len(self.nodes)}"
    self.nodes.append(helper.make_node(kind, list(inputs), [result], **attributes))
    return result

  def scalar(self, value):
    return self.constant(np.float32(value))

  def vector(self, values):
    return self.constant(values.reshape(1, -1, 1, 1).astype(np.float32))

  def upsample(self, value):
    scales = self.constant(np.array([1, 1, 2, 2], np.float32))
    return self.node(
      "Resize", value, "", scales, mode="nearest", nearest_mode="floor",
      coordinate_transformation_mode="asymmetric",
    )

  def model(self, inputs, output):
    shape = lambda channels: [1, channels, self.size, self.size]
    values = [
      helper.make_tensor_value_info(name, TensorProto.FLOAT, shape(channels))
      for name, channels in inputs
    ]
    result = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape(3))
    graph = helper.make_graph(self.nodes, "pconv_keras", values, [result], self.constants)
    return helper.make_model(
      graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    )


def folded(weights, layer, norm):
  """Returns kernel O I H W, scale and shift such that y = scale * sums * ratio + shift."""
  kernel = weights(layer, "img_kernel").transpose(3, 2, 0, 1)
  bias = weights(layer, "bias")
  if norm is None:
    return kernel, np.ones_like(bias), bias
  deviation = np.sqrt(weights(norm, "moving_variance") + BATCH_NORM_EPSILON)
  scale = weights(norm, "gamma") / deviation
  return kernel, scale, weights(norm, "beta") + (bias - weights(norm, "moving_mean")) * scale


class Builder:
  """Adds the layers of one form of the network."""

  def __init__(self, weights, size, is_masked):
    self.weights, self.is_masked = weights, is_masked
    self.network = Network(size)

  def sums(self, mask, channels, kernel, stride):
    """Returns the window sum over `channels` equal channels of a one-channel mask."""
    net = self.network
    mean = net.node(
      "AveragePool", mask, kernel_shape=[kernel] * 2, strides=[stride] * 2,
      pads=[kernel // 2] * 4, count_include_pad=1,
    )
    return net.node("Mul", mean, net.scalar(kernel * kernel * channels))

  def layer(self, name, norm, parts, kernel, stride, activation):
    """Adds one partial convolution of `parts`: pictures, masks and channel counts."""
    net = self.network
    array, scale, shift = folded(self.weights, name, norm)
    if self.is_masked:
      pictures = [net.node("Mul", picture, mask) for picture, mask, _ in parts]
    else:
      array = array * scale.reshape(-1, 1, 1, 1)
      pictures = [picture for picture, _, _ in parts]
    joined = pictures[0] if len(parts) == 1 else net.node("Concat", *pictures, axis=1)
    inputs = [joined, net.constant(array * (scale.reshape(-1, 1, 1, 1) if self.is_masked else 1))]
    if not self.is_masked:
      inputs.append(net.constant(shift.astype(np.float32)))
    result = net.node(
      "Conv", *inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4
    )
    mask = None
    if self.is_masked:
      result, mask = self.renormalised(result, parts, kernel, stride, shift)
    slope = {"relu": None, "leaky": 0.2}[activation]
    if slope is None:
      return net.node("Relu", result), mask
    return net.node("LeakyRelu", result, alpha=slope), mask

  def renormalised(self, result, parts, kernel, stride, shift):
    net = self.network
    total = None
    for _, mask, channels in parts:
      part = self.sums(mask, channels, kernel, stride)
      total = part if total is None else net.node("Add", total, part)
    valid = net.node("Clip", total, net.scalar(0), net.scalar(1))
    inverse = net.node("Div", net.scalar(kernel * kernel), net.node("Add", total, net.scalar(1e-8)))
    ratio = net.node("Mul", inverse, valid)
    scaled = net.node("Mul", result, ratio)
    return net.node("Add", scaled, net.vector(shift)), valid

  def build(self):
    net, weights = self.network, self.weights
    picture, mask = "image", "mask" if self.is_masked else None
    levels, channels = [(picture, mask, 3)], 3
    for level, kernel in enumerate(ENCODER_KERNELS, start=1):
      norm = f"EncBN{level - 1}" if level > 1 else None
      picture, mask = self.layer(
        f"p_conv2d_{level}", norm, [(picture, mask, channels)], kernel, 2, "relu"
      )
      channels = weights(f"p_conv2d_{level}", "bias").size
      levels.append((picture, mask, channels))
    for stage in range(1, DECODER_STAGES + 1):
      skip = levels[DECODER_STAGES - stage]
      high = (net.upsample(picture), net.upsample(mask) if self.is_masked else None, channels)
      name = f"p_conv2d_{DECODER_STAGES + stage}"
      norm = f"batch_normalization_{stage}" if stage < DECODER_STAGES else None
      picture, mask = self.layer(name, norm, [skip, high], 3, 1, "leaky")
      channels = weights(name, "bias").size
    kernel = weights("outputs_img", "kernel").transpose(3, 2, 0, 1)
    bias = net.constant(weights("outputs_img", "bias"))
    output = net.node("Sigmoid", net.node("Conv", picture, net.constant(kernel), bias))
    inputs = [("image", 3)] + ([("mask", 1)] if self.is_masked else [])
    return net.model(inputs, output)


def pconv_keras(path, size, is_masked):
  """Returns the network of the weights file `path` for pictures of `size` by `size`."""
  return Builder(Weights(path), size, is_masked).build()
