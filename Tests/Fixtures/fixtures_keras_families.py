"""Fixtures of the Keras families, multi_gpu_model's nesting, Keras 3 and ordinary models."""

import h5py
import keras
import numpy as np
import tensorflow as tf
import tf_keras
from tf_keras import layers

import networks_keras3
from networks_keras_families import FAMILIES, unet
from networks_keras_generic import branches, classifier
from pictures import holes, smooth_pictures, soften

SIZE = (64, 32)


def draw_weights(model, rng, ratio="window"):
  """Assigns plausible trained values to every weight of a tf-keras or Keras 3 model."""
  for variable in model.weights:
    name, shape = variable.name.rpartition("/")[2].split(":")[0], tuple(variable.shape)
    if name == "Variable":
      value = 1 + 2e-3 * rng.standard_normal(shape)
    elif len(shape) > 1:
      fan = np.prod(shape[:-1])
      is_partial = name in ("img_kernel", "sf_kernel") or ratio == "tf2" and shape[0] > 1
      gain = shape[2] if is_partial and ratio in ("window", "tf2") else 1
      value = rng.standard_normal(shape) * gain * np.sqrt(1.6 / fan)
    elif name == "gamma":
      value = rng.uniform(0.7, 1.3, shape)
    elif name == "moving_variance":
      value = rng.uniform(0.6, 1.6, shape)
    else:
      value = rng.standard_normal(shape) * 0.1
    variable.assign(value.astype(np.float32))
  return model


def inputs(rng, channels=3, count=2, size=SIZE):
  """Returns pictures, and masks whose channels differ, those of the second picture fractional."""
  picture, mask = smooth_pictures(rng, count, *size, channels), holes(rng, count, *size, channels)
  mask[1:] = soften(mask[1:])
  return picture, mask


def save_families(folder, rng):
  """Writes one weights-only file per layout, and what each arithmetic computes with it."""
  for name in ("tf2", "ezavarygin", "furrypython", "sound_field"):
    tf_keras.backend.clear_session()
    family = FAMILIES[name]
    size = (32, 16) if name == "sound_field" else SIZE
    ratio = "tf2" if name == "tf2" else family.arithmetic.ratio
    model = draw_weights(unet(name, size), rng, ratio)
    model.save_weights(folder / f"{name}.h5")
    picture, mask = inputs(rng, family.channels, size=size)
    results = {"output": model.predict_on_batch([picture, mask])}
    batch_model = unet(name, size, train_bn=True)
    batch_model.set_weights(model.get_weights())
    if name == "sound_field":
      batch_model.save(folder / "sound_field_model.h5", include_optimizer=False)
    results["output_train_bn"] = batch_model.predict_on_batch([picture, mask])
    np.savez_compressed(folder / f"{name}.npz", image=picture, mask=mask, **results)


def save_ages(folder, rng):
  """Writes one PConv-Keras file, what each age of the maths computes with it, and the same
  network wrapped for two processors."""
  tf_keras.backend.clear_session()
  first = draw_weights(unet("pconv_keras", SIZE), rng, "none")
  first.save_weights(folder / "pconv_keras.h5")
  picture, mask = inputs(rng)
  results = {}
  for name in ("pconv_keras", "window_channels", "2018", "2018-06"):
    model = unet(name, SIZE)
    model.set_weights(first.get_weights())
    results[name] = model.predict_on_batch([picture, mask])
  np.savez_compressed(folder / "pconv_keras.npz", image=picture, mask=mask, **results)
  wrapper = wrapped(unet("pconv_keras", SIZE))
  wrapper.set_weights(first.get_weights())
  wrapper.save_weights(folder / "multi_gpu.h5")
  wrapper.save(folder / "multi_gpu_model.h5", include_optimizer=False)


def save_old_wrapper(folder):
  """Writes the wrapped weights as Keras 2.2.4 does in a later session: numbers after the names of
  layers that have one of their own, and here with a frozen encoder, whose arrays then come last."""
  def renamed(name):
    layer, array = name.split("/")
    return f"{layer}_3/{array}" if layer.startswith(("EncBN", "outputs")) else name

  with h5py.File(folder / "multi_gpu.h5") as file, h5py.File(
    folder / "multi_gpu_old.h5", "w"
  ) as old:
    wrapper = next(name for name in file if len(file[name].attrs["weight_names"]))
    names = sorted(file[wrapper].attrs["weight_names"], key=lambda name: name.startswith("EncBN"))
    old.attrs["layer_names"] = np.array([b"inputs_img", b"inputs_mask", b"lambda_1", b"model_5"])
    old.attrs["backend"], old.attrs["keras_version"] = b"tensorflow", b"2.2.4"
    for layer in old.attrs["layer_names"]:
      is_model = layer == b"model_5"
      group = old.create_group(layer)
      group.attrs["weight_names"] = np.array([renamed(name).encode() for name in names * is_model])
      for name in names * is_model:
        group.create_dataset(renamed(name), data=file[wrapper][name][...])


def wrapped(model):
  """Returns the model as multi_gpu_model wraps it: slices of the batch, one model, joined."""
  def get_slice(values, index, parts):
    count = tf.shape(values)[0] // parts
    return values[index * count : (index + 1) * count]

  outer = [layers.Input(value.shape[1:], name=value.name) for value in model.inputs]
  calls = [
    model([layers.Lambda(get_slice, arguments={"index": index, "parts": 2})(v) for v in outer])
    for index in range(2)
  ]
  return tf_keras.Model(outer, layers.Concatenate(axis=0, name="outputs_img")(calls))


def save_keras3(folder, rng):
  """Writes one network in the three containers of Keras 3."""
  keras.utils.clear_session()
  model = draw_weights(networks_keras3.unet(SIZE), rng)
  model.save(folder / "keras3.keras")
  model.save(folder / "keras3_legacy.h5", include_optimizer=False)
  model.save_weights(folder / "keras3.weights.h5")
  picture, mask = inputs(rng)
  output = model.predict_on_batch([picture, mask])
  np.savez_compressed(folder / "keras3.npz", image=picture, mask=mask, output=output)


def save_generic(folder, rng):
  """Writes ordinary models by both frameworks, and what they compute."""
  for name, make, size in (("branches", branches, (24, 40)), ("classifier", classifier, (8, 12))):
    for framework in (tf_keras, keras):
      framework.backend.clear_session()
      model = draw_weights(make(framework), rng)
      stem = f"{name}_{framework.__name__}"
      model.save(folder / f"{stem}.keras")
      model.save(folder / f"{stem}.h5", include_optimizer=False)
      picture = smooth_pictures(rng, 2, *size, 3)
      output = model.predict_on_batch(picture)
      np.savez_compressed(folder / f"{stem}.npz", photo=picture, output=output)


def make(folder):
  """Writes every fixture into `folder`."""
  rng = np.random.default_rng(2021)
  save_families(folder, rng)
  save_ages(folder, rng)
  save_old_wrapper(folder)
  save_keras3(folder, rng)
  save_generic(folder, rng)
