"""Saves trained weights as a Keras model: `save_default_model.py WEIGHTS.npz OUT.h5`.

WEIGHTS.npz comes from train_default_model.py and also holds a picture, a mask and PyTorch's output
for them; the Keras model must agree with it to 1e-5 of the largest value, or nothing is saved.
Needs tensorflow-cpu, tf-keras, h5py and numpy.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from tf_keras import Model, layers

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Fixtures"))

from networks_keras import PConv2D

TOLERANCE = 1e-5
BATCH_NORM_EPSILON = 1e-3


class Builder:
  """Adds layers under their published names and gives them the weights of the PyTorch layers."""

  def __init__(self, arrays):
    self.arrays = arrays
    self.pending = []

  def convolution(self, prefix, picture, mask, stride, norm_name, activation):
    kernel = self.arrays[f"{prefix}.weight"].transpose(2, 3, 1, 0)
    size, channels, width = kernel.shape[0], kernel.shape[2], kernel.shape[3]
    layer = PConv2D(width, size, strides=stride, padding="same")
    picture, mask = layer([picture, mask])
    # The published ratio counts the window's pixels once, its mask sum once for each channel.
    self.pending.append((layer, [kernel * channels, self.arrays[f"{prefix}.bias"]]))
    if f"{prefix}.norm.weight" in self.arrays:
      norm = layers.BatchNormalization(name=norm_name, epsilon=BATCH_NORM_EPSILON)
      picture = norm(picture)
      parts = ("weight", "bias", "running_mean", "running_var")
      self.pending.append((norm, [self.arrays[f"{prefix}.norm.{part}"] for part in parts]))
    return activation(picture), mask

  def build(self):
    count = sum(
      name.startswith("encoder") and name.endswith(".bias") and "norm" not in name
      for name in self.arrays
    )
    picture = layers.Input((None, None, 3), name="inputs_img")
    mask = layers.Input((None, None, 3), name="inputs_mask")
    levels, x, m = [(picture, mask)], picture, mask
    for i in range(count):
      relu = layers.Activation("relu")
      x, m = self.convolution(f"encoder.{i}", x, m, 2, f"EncBN{i}", relu)
      levels.append((x, m))
    for i in reversed(range(count)):
      x, m = layers.UpSampling2D(2)(x), layers.UpSampling2D(2)(m)
      x = layers.Concatenate(axis=3)([levels[i][0], x])
      m = layers.Concatenate(axis=3)([levels[i][1], m])
      leaky = layers.LeakyReLU(alpha=0.2)
      x, m = self.convolution(f"decoder.{i}", x, m, 1, None, leaky)
    output = layers.Conv2D(3, 1, activation="sigmoid", name="outputs_img")
    model = Model(inputs=[picture, mask], outputs=output(x))
    kernel = self.arrays["output.weight"].transpose(2, 3, 1, 0)
    for layer, weights in self.pending + [(output, [kernel, self.arrays["output.bias"]])]:
      layer.set_weights(weights)
    return model


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("weights")
  parser.add_argument("output")
  arguments = parser.parse_args()
  with np.load(arguments.weights) as file:
    arrays = dict(file)
  model = Builder(arrays).build()

  def pixels(name):
    return arrays[f"check.{name}"].transpose(0, 2, 3, 1)

  mask = np.repeat(pixels("mask"), 3, axis=3)
  output, expected = model.predict([pixels("picture"), mask]), pixels("output")
  difference = np.abs(output - expected).max() / np.abs(expected).max()
  print(f"largest difference from PyTorch: {difference:.1e}")
  if not difference <= TOLERANCE:
    raise SystemExit("the Keras model does not compute what was trained; nothing was saved")
  model.save(arguments.output, include_optimizer=False, save_format="h5")


if __name__ == "__main__":
  main()
