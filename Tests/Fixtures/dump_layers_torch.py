"""Writes what every module of a PyTorch network computes, for `pconv-check --per-layer`.

In your own script, where the network and its inputs are:

    from dump_layers_torch import dump
    dump(network, {"image": image, "mask": mask}, "layers.npz")

The `.npz` then holds the inputs, the outputs (`output`, `output_mask`) and one array for each
module by its name (`enc_1`, `enc_1.conv`, `enc_1.bn`, ...). A module that returns several tensors
gives its first; one that is called several times gives its last call.

    pconv-check model.pcm layers.npz --per-layer
    pconv-check model.pcm layers.npz --per-layer --source checkpoint.pth

Without --source the layers are those of the optimised model, where a partial convolution includes
the batch norm and the activation after it; `strip=".conv"` or `--map LAYER=ARRAY` give arrays the
layer's name where the framework's name is another. With --source they are the layers as imported,
one for each module that holds weights. Arrays without a layer of their name are counted as
unchecked; `only` keeps those that match.
"""

import fnmatch

import numpy
import torch


def first_tensor(result):
  """Returns the tensor itself, or the first of several."""
  while isinstance(result, (tuple, list)):
    result = result[0]
  return result


def dump(network, inputs, path, output_names=("output", "output_mask"), only="*", strip=""):
  """Runs `network` on `inputs` (a dict, in the order of its arguments) and writes `path`.

  only: a pattern, or a list of them, of the names that are kept (after `strip`).
  strip: an ending that is taken off names, so that `enc_1.conv` is kept as `enc_1`.
  """
  patterns = [only] if isinstance(only, str) else only
  arrays = {}
  hooks = []

  def keep(name):
    def hook(_module, _arguments, result):
      tensor = first_tensor(result)
      if isinstance(tensor, torch.Tensor):
        # Activations in place would change the array later.
        arrays[name] = tensor.detach().cpu().numpy().copy()
    return hook

  for name, module in network.named_modules():
    if strip and not name.endswith(strip):
      continue
    name = name[: len(name) - len(strip)]
    if name and any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
      hooks.append(module.register_forward_hook(keep(name)))
  network.eval()
  with torch.no_grad():
    results = network(*inputs.values())
  for hook in hooks:
    hook.remove()
  if isinstance(results, torch.Tensor):
    results = (results,)
  named = {name: tensor.detach().cpu().numpy() for name, tensor in zip(output_names, results)}
  given = {name: tensor.detach().cpu().numpy() for name, tensor in inputs.items()}
  numpy.savez(path, **{**arrays, **named, **given})
