"""Times pconv-run against onnxruntime and OpenVINO on ResNet50 with partial-convolution padding.

The weights are random, of full width, and the same for all; the peers get them as ONNX in the
kindest form: batch norm is folded, and the border ratio of a layer is a constant plane. `plain`
leaves even the ratio out, so it computes something else: it bounds what they could reach. Turns,
medians and ratios are as in peers.py.

    pip install onnxruntime openvino onnx numpy
    python padding_resnet.py --runner pconv-run --converter pconv-convert --rounds 15
"""

import argparse
import json
import os
import struct
import subprocess
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from peers import OnnxRuntime, OpenVINO, Ours, report, time_in_turns

BLOCKS = (3, 4, 6, 3)
EPSILON = 1e-5


def make_weights(seed=3):
  """Returns the arrays of a checkpoint by name, scaled so that activations stay of one size."""
  rng = np.random.default_rng(seed)
  arrays = {}

  def convolution(name, norm, outputs, inputs, kernel, gain=1.0):
    deviation = gain * np.sqrt(2 / (inputs * kernel * kernel))
    shape = (outputs, inputs, kernel, kernel)
    arrays[f"{name}.weight"] = rng.normal(0, deviation, shape).astype(np.float32)
    arrays[f"{norm}.weight"] = rng.uniform(0.8, 1.2, outputs).astype(np.float32)
    arrays[f"{norm}.bias"] = rng.normal(0, 0.1, outputs).astype(np.float32)
    arrays[f"{norm}.running_mean"] = rng.normal(0, 0.1, outputs).astype(np.float32)
    arrays[f"{norm}.running_var"] = rng.uniform(0.8, 1.2, outputs).astype(np.float32)

  convolution("conv1", "bn1", 64, 3, 7)
  inputs = 64
  for layer, blocks in enumerate(BLOCKS, start=1):
    width = 64 << (layer - 1)
    for block in range(blocks):
      prefix = f"layer{layer}.{block}"
      if block == 0:
        convolution(f"{prefix}.downsample.0", f"{prefix}.downsample.1", 4 * width, inputs, 1, 0.7)
      convolution(f"{prefix}.conv1", f"{prefix}.bn1", width, inputs, 1)
      convolution(f"{prefix}.conv2", f"{prefix}.bn2", width, width, 3)
      convolution(f"{prefix}.conv3", f"{prefix}.bn3", 4 * width, width, 1, 0.3)
      inputs = 4 * width
  arrays["fc.weight"] = rng.normal(0, 0.02, (1000, inputs)).astype(np.float32)
  arrays["fc.bias"] = rng.normal(0, 0.02, 1000).astype(np.float32)
  return arrays


def write_safetensors(arrays, path):
  header, end = {}, 0
  for name, array in arrays.items():
    header[name] = {
      "dtype": "F32", "shape": list(array.shape), "data_offsets": [end, end + array.nbytes]
    }
    end += array.nbytes
  text = json.dumps(header).encode()
  with open(path, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for array in arrays.values():
      file.write(array.tobytes())


class Network:
  """Builds the network as ONNX; `has_ratio` multiplies each layer by its border ratio."""

  def __init__(self, arrays, has_ratio):
    self.arrays, self.has_ratio = arrays, has_ratio
    self.nodes, self.constants, self.planes = [], [], {}

  def constant(self, array):
    name = f"c{len(self.constants)}"
    self.constants.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
    return name

  def node(self, kind, *inputs, **attributes):
    result = f"v{len(self.nodes)}"
    self.nodes.append(helper.make_node(kind, list(inputs), [result], **attributes))
    return result

  def ratio(self, size, kernel, stride):
    """Returns window / valid cells under it for a picture of `size` by `size`, and a new size."""
    pad = kernel // 2
    count = (size + 2 * pad - kernel) // stride + 1
    first = np.arange(count) * stride - pad
    cells = np.minimum(first + kernel, size) - np.maximum(first, 0)
    plane = kernel * kernel / np.outer(cells, cells)
    return plane[None, None], count

  def layer(self, value, name, norm, size, stride=1):
    weight = self.arrays[f"{name}.weight"]
    kernel = weight.shape[2]
    deviation = np.sqrt(self.arrays[f"{norm}.running_var"] + EPSILON)
    scale = self.arrays[f"{norm}.weight"] / deviation
    shift = self.arrays[f"{norm}.bias"] - self.arrays[f"{norm}.running_mean"] * scale
    weight = weight * scale.reshape(-1, 1, 1, 1)
    plane, count = self.ratio(size, kernel, stride)
    is_bare = not self.has_ratio or kernel == 1
    inputs = [value, self.constant(weight)] + ([self.constant(shift)] if is_bare else [])
    result = self.node(
      "Conv", *inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4
    )
    if not is_bare:
      key = (size, kernel, stride)
      if key not in self.planes:
        self.planes[key] = self.constant(plane)
      result = self.node("Mul", result, self.planes[key])
      result = self.node("Add", result, self.constant(shift.reshape(1, -1, 1, 1)))
    return result, count

  def build(self):
    value, size = self.layer("image", "conv1", "bn1", 224, 2)
    value = self.node(
      "MaxPool", self.node("Relu", value), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4
    )
    size = (size + 1) // 2
    for layer, blocks in enumerate(BLOCKS, start=1):
      for block in range(blocks):
        prefix = f"layer{layer}.{block}"
        stride = 2 if block == 0 and layer > 1 else 1
        identity = value
        if block == 0:
          identity, _ = self.layer(
            value, f"{prefix}.downsample.0", f"{prefix}.downsample.1", size, stride
          )
        result, _ = self.layer(value, f"{prefix}.conv1", f"{prefix}.bn1", size)
        result, size = self.layer(
          self.node("Relu", result), f"{prefix}.conv2", f"{prefix}.bn2", size, stride
        )
        result, _ = self.layer(self.node("Relu", result), f"{prefix}.conv3", f"{prefix}.bn3", size)
        value = self.node("Relu", self.node("Add", result, identity))
    value = self.node("Flatten", self.node("GlobalAveragePool", value))
    output = self.node(
      "Gemm", value, self.constant(self.arrays["fc.weight"]),
      self.constant(self.arrays["fc.bias"]), transB=1,
    )
    return self.model(output)

  def model(self, output):
    values = [
      helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
      for name, shape in (("image", [1, 3, 224, 224]), (output, [1, 1000]))
    ]
    graph = helper.make_graph(self.nodes, "resnet50", values[:1], values[1:], self.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def parse_arguments():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--runner", default="pconv-run", help="path of pconv-run")
  parser.add_argument("--converter", default="pconv-convert", help="path of pconv-convert")
  parser.add_argument("--threads", type=int, default=2)
  parser.add_argument("--rounds", type=int, default=15)
  parser.add_argument("--tier", action="append", help="tiers of pconv-run; default: all")
  return parser.parse_args()


def main():
  arguments = parse_arguments()
  arrays = make_weights()
  feeds = {"image": np.random.default_rng(5).normal(0, 1, (1, 3, 224, 224)).astype(np.float32)}
  with tempfile.TemporaryDirectory() as folder:
    checkpoint, model = f"{folder}/resnet50.safetensors", f"{folder}/resnet50.pcm"
    write_safetensors(arrays, checkpoint)
    subprocess.run(
      [arguments.converter, checkpoint, "-o", model, "--quiet", "--network", "nvidia-pdresnet50"],
      check=True,
    )
    np.savez(f"{folder}/in.npz", **feeds)
    tiers = arguments.tier or ["exact", "near", "fast"]
    threads = str(arguments.threads)
    runners = {
      tier: Ours(arguments.runner, [model, "--tier", tier, "--threads", threads], folder)
      for tier in tiers
    }
    for form, has_ratio in (("padded", True), ("plain", False)):
      network = Network(arrays, has_ratio).build()
      runners[f"onnxruntime {form}"] = OnnxRuntime(network, arguments.threads)
      runners[f"openvino {form}"] = OpenVINO(network, arguments.threads, "f32")
    times = time_in_turns(runners, feeds, "onnxruntime padded", arguments.rounds)
    print(f"{threads} threads, {arguments.rounds} rounds, load {os.getloadavg()[0]:.1f}")
    report(times, tiers)


if __name__ == "__main__":
  main()
