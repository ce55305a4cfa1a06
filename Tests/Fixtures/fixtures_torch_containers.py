"""The network of pytorch/naoto_unet.pth in every other container that PyTorch writes."""

import pathlib
import warnings
import zipfile

import numpy as np
import torch
from torch import nn

from networks_torch import NaotoUNet

REFERENCE = pathlib.Path(__file__).resolve().parent / "pytorch"


def load_network():
  """Returns the network of `naoto_unet.pth`."""
  network = NaotoUNet(widths=(3, 4, 5, 6, 6, 7, 7))
  network.load_state_dict(torch.load(REFERENCE / "naoto_unet.pth")["model"])
  return network.eval()


def save_exported(path, network, inputs):
  """Writes a `.pt2` without the sample inputs and the stack traces, which name the local disk."""
  program = torch.export.export(network, inputs)
  program.example_inputs = None
  for node in program.graph.nodes:
    node.meta.pop("stack_trace", None)
    node.meta.pop("nn_module_stack", None)
    node.meta.pop("source_fn_stack", None)
  torch.export.save(program, path)


def repack(source, path, method=None):
  """Writes the entries of `source` again, each by its own method or by `method`, but no tables of
  source positions (`.debug_pkl`), which name the local disk.
  """
  with zipfile.ZipFile(source) as old:
    entries = [(entry, old.read(entry)) for entry in old.infolist()]
  with zipfile.ZipFile(path, "w") as new:
    for entry, content in entries:
      if not entry.filename.endswith(".debug_pkl"):
        stamp = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
        stamp.compress_type = entry.compress_type if method is None else method
        new.writestr(stamp, content)


def save_script(path, module):
  """Writes a TorchScript archive."""
  torch.jit.save(module, path)
  repack(path, path)


def save_legacy_module(path, network):
  """Writes a whole module, with its source, in the container of before 1.6 and in protocol 4."""
  lines_and_file = torch.serialization.get_source_lines_and_file

  def without_folder(definition):
    lines, first, file = lines_and_file(definition)
    return lines, first, pathlib.Path(file).name

  torch.serialization.get_source_lines_and_file = without_folder
  torch.save(network, path, pickle_protocol=4, _use_new_zipfile_serialization=False)
  torch.serialization.get_source_lines_and_file = lines_and_file


def save_scripted(folder):
  """Writes a small module compiled by torch.jit.script, and its state dictionary."""
  torch.manual_seed(11)
  module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.Conv2d(4, 1, 1)))
  save_script(folder / "scripted.pt", torch.jit.script(module.eval()))
  state = {name: value.numpy() for name, value in module.state_dict().items()}
  np.savez_compressed(folder / "scripted.npz", **state)


def make(folder):
  """Writes one file per container; what the network computes is in `pytorch/naoto_unet.npz`."""
  warnings.simplefilter("ignore")
  network = load_network()
  inputs = torch.zeros(1, 3, 128, 128), torch.ones(1, 3, 128, 128)
  save_exported(folder / "exported.pt2", network, inputs)
  save_script(folder / "traced.pt", torch.jit.trace(network, inputs))
  save_scripted(folder)
  torch.save(network, folder / "whole_module.pth")
  state = network.state_dict()
  torch.save(state, folder / "protocol4.pth", pickle_protocol=4)
  torch.save(state, folder / "protocol5.pth", pickle_protocol=5)
  repack(folder / "protocol5.pth", folder / "deflated.pth", zipfile.ZIP_DEFLATED)
  save_legacy_module(folder / "whole_module_legacy.pth", network)
