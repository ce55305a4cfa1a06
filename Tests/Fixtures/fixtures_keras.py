"""The Keras fixtures: one slim PConv-Keras U-Net in every container that Keras wrote."""

import h5py
import numpy as np
from tf_keras import Model, layers
from tf_keras import backend as K

from make_full_width import random_array, write_weights
from networks_keras import pconv_keras
from pconv_keras_layout import network_layers, reloaded, reloaded_inner_name
from pictures import holes, smooth_pictures, soften

WIDTHS = (2, 3, 4, 4, 4, 4, 3, 3)
SIZE = 256
SAMPLE_STEP = 5
GAIN = 0.8


def draw_weights(seed):
  """Returns the arrays of the slim network in storage order; `GAIN` tempers the outputs."""
  rng = np.random.default_rng(seed)
  shapes = [array for _, arrays in network_layers(WIDTHS) for array in arrays]
  return [random_array(rng, name, shape, GAIN) for name, shape in shapes]


def build(arrays, train_bn=False):
  """Returns the network with names as in a fresh session, holding `arrays`."""
  K.clear_session()
  return assigned(pconv_keras(SIZE, WIDTHS, train_bn), arrays)


def assigned(model, arrays):
  """Assigns `arrays` to the layers of `model` in order and returns it."""
  model.set_weights(arrays)
  return model


def predict(arrays, picture, mask, train_bn=False):
  """Returns what the network computes, every fifth row and column."""
  output = build(arrays, train_bn).predict_on_batch([picture, mask])
  return output[:, ::SAMPLE_STEP, ::SAMPLE_STEP]


def save_tf_keras_files(folder, arrays):
  """Writes the weights-only and whole-model files of tf-keras (variable-length strings)."""
  build(arrays).save_weights(folder / "unet_weights.h5")
  assigned(pconv_keras(SIZE, WIDTHS), arrays).save_weights(folder / "unet_weights_renumbered.h5")
  build(arrays).save(folder / "unet_model_frozen_bn.h5", include_optimizer=False)
  build(arrays, train_bn=True).save(folder / "unet_model_train_bn.h5", include_optimizer=False)


def save_old_keras_files(folder, arrays):
  """Writes the same weights laid out as Keras 2.2.4 does (fixed-length strings)."""
  layout = network_layers(WIDTHS)
  remaining = iter(arrays)
  with h5py.File(folder / "unet_weights_fixed_strings.h5", "w") as file:
    write_weights(file, reloaded(layout), lambda name, shape: next(remaining), reloaded_inner_name)
  remaining = iter(arrays)
  with h5py.File(folder / "unet_weights_split_names.h5", "w") as file:
    write_weights(file, layout, lambda name, shape: next(remaining))
    names = file.attrs["layer_names"]
    del file.attrs["layer_names"]
    file.attrs["layer_names0"], file.attrs["layer_names1"] = np.array_split(names, 2)


def save_mask_kernel_fixture(folder, arrays, rng):
  """Writes a network whose stored mask kernels drifted from one, and what it computes."""
  K.clear_session()
  model = pconv_keras(SIZE, WIDTHS, stores_mask_kernel=True)
  remaining = iter(arrays)
  for variable in (weight for layer in model.layers for weight in layer.weights):
    is_mask_kernel = "Variable" in variable.name
    drift = 1 + 2e-3 * rng.standard_normal(variable.shape)
    variable.assign(drift if is_mask_kernel else next(remaining))
  model.save_weights(folder / "unet_mask_kernel.h5")
  picture = smooth_pictures(rng, 1, SIZE, SIZE, 3)
  mask = holes(rng, 1, SIZE, SIZE).repeat(3, axis=3)
  output = model.predict_on_batch([picture, mask])[:, ::SAMPLE_STEP, ::SAMPLE_STEP]
  save_npz(folder / "unet_mask_kernel.npz", image=picture, mask=mask, output=output)


def save_lambda_model(folder):
  """Writes a whole model with a Lambda layer, whose code an importer must not run.

  Keras stores the byte code with its file name, so the function is compiled under its own name.
  """
  K.clear_session()
  double = eval(compile("lambda x: x * 2", "arbitrary_code.py", "eval"))
  picture = layers.Input((4, 4, 3), name="inputs_img")
  output = layers.Lambda(double, name="arbitrary_code")(picture)
  Model(picture, output).save(folder / "lambda_model.h5", include_optimizer=False)


def save_npz(path, **arrays):
  """Writes inputs and sampled outputs."""
  np.savez_compressed(path, sample_step=np.int64(SAMPLE_STEP), **arrays)


def make(folder):
  """Writes every Keras fixture into `folder`."""
  rng = np.random.default_rng(2019)
  arrays = draw_weights(seed=38)
  save_tf_keras_files(folder, arrays)
  save_old_keras_files(folder, arrays)
  picture, mask = (
    smooth_pictures(rng, 2, SIZE, SIZE, 3),
    holes(rng, 2, SIZE, SIZE).repeat(3, axis=3),
  )
  output, output_train_bn = (predict(arrays, picture, mask, train_bn) for train_bn in (False, True))
  save_npz(
    folder / "unet.npz", image=picture, mask=mask, output=output, output_train_bn=output_train_bn
  )
  picture, mask = smooth_pictures(rng, 1, SIZE, SIZE, 3), soften(holes(rng, 1, SIZE, SIZE, 3))
  output = predict(arrays, picture, mask)
  save_npz(folder / "unet_fractional.npz", image=picture, mask=mask, output=output)
  save_mask_kernel_fixture(folder, draw_weights(seed=2), rng)
  save_lambda_model(folder)
