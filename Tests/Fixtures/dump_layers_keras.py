"""Writes what every layer of a Keras network computes, for `pconv-check --per-layer`.

In your own script, where the model and its inputs are:

    from dump_layers_keras import dump
    dump(model, {"image": image, "mask": mask}, "layers.npz")

The `.npz` then holds the inputs, the output (`output`) and one array for each layer by its name
(`p_conv2d`, `EncBN1`, ...), N H W C; a partial convolution, which returns picture and mask, gives
its picture.

    pconv-check model.pcm layers.npz --per-layer --source checkpoint.h5

With --source the layers are those of the checkpoint, as here. Without it they are those of the
optimised model, where a partial convolution includes the batch norm and the activation after it:
give each the array of its activation, `--map p_conv2d_1=activation_1`. Arrays without a layer of
their name are counted as unchecked; `only` keeps those that match.
"""

import fnmatch

import numpy
import tensorflow

try:
  import tf_keras as keras
except ImportError:
  keras = tensorflow.keras


def dump(model, inputs, path, only="*"):
  """Runs `model` on `inputs` (a dict, in the order of its inputs) and writes `path`.

  only: a pattern, or a list of them, of the layer names that are kept.
  """
  patterns = [only] if isinstance(only, str) else only
  layers = [
    layer
    for layer in model.layers
    if not isinstance(layer, keras.layers.InputLayer)
    and any(fnmatch.fnmatchcase(layer.name, pattern) for pattern in patterns)
  ]
  tensors = [
    layer.output[0] if isinstance(layer.output, (tuple, list)) else layer.output for layer in layers
  ]
  probe = keras.Model(model.inputs, tensors + list(model.outputs))
  results = probe.predict(list(inputs.values()), verbose=0)
  arrays = {layer.name: result for layer, result in zip(layers, results)}
  arrays["output"] = results[len(layers)]
  numpy.savez(path, **{**arrays, **inputs})
