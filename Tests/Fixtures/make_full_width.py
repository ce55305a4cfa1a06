"""Writes full-width PConv-Keras weights drawn at random: `make_full_width.py OUT.h5 [--seed N]`.

The layout is that of a weights-only file of Keras 2.2.4: layer groups in network order,
fixed-length names, contiguous float32 datasets `/<layer>/<layer>/<array>:0`, kernels H W I O. The
published layer divides by a mask sum over all C channels but multiplies by k * k only, so the
weights are C times larger than He's rule asks; outputs then stay in a sensible range. About
131 MB, not kept in the repository. Needs numpy and h5py.
"""

import argparse

import h5py
import numpy as np

from pconv_keras_layout import network_layers

KERAS_VERSION = b"2.2.4"


def random_array(rng, name, shape, gain=0.7):
  """Returns a plausible trained value for the array `name` (HWIO for kernels).

  `gain` scales the kernels: below 1 it keeps rounding errors from growing from layer to layer.
  """
  if name == "img_kernel":
    height, width, channels, _ = shape
    deviation = np.float32(np.sqrt(2 * channels / (height * width)))
    return rng.standard_normal(shape, np.float32) * deviation * np.float32(gain)
  if name == "kernel":
    return rng.standard_normal(shape, np.float32) * np.float32(0.8) * np.float32(gain)
  if name == "gamma":
    return rng.uniform(0.7, 1.3, shape).astype(np.float32)
  if name == "moving_variance":
    return rng.uniform(0.6, 1.6, shape).astype(np.float32)
  return rng.standard_normal(shape, np.float32) * np.float32(0.1)


def write_weights(file, layers, make_array, inner_name=str):
  """Writes the layer groups and name lists of `layers` at the root of `file`.

  `make_array(name, shape)` gives each array; `inner_name(layer)` names the layer's inner group.
  """
  file.attrs["layer_names"] = np.array([name.encode() for name, _ in layers])
  file.attrs["backend"] = b"tensorflow"
  file.attrs["keras_version"] = KERAS_VERSION
  for layer, arrays in layers:
    group = file.create_group(layer)
    names = [f"{inner_name(layer)}/{name}:0" for name, _ in arrays]
    group.attrs["weight_names"] = np.array([name.encode() for name in names])
    for path, (name, shape) in zip(names, arrays):
      group.create_dataset(path, data=make_array(name, shape))


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("output")
  parser.add_argument("--seed", type=int, default=20190301)
  arguments = parser.parse_args()
  layers = network_layers(encoder_widths=(64, 128, 256, 512, 512, 512, 512, 512))
  rng = np.random.default_rng(arguments.seed)
  with h5py.File(arguments.output, "w") as file:
    write_weights(file, layers, lambda name, shape: random_array(rng, name, shape))


if __name__ == "__main__":
  main()
