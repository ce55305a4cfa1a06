"""Writes the fixtures beside this script: all, or `make_fixtures.py FAMILY...` of `FOLDERS`.

`torch`, `families` and `torch_containers` need torch and numpy, `keras` tensorflow-cpu, tf-keras
and h5py, `keras_families` Keras 3 beside them, `hostile` nothing, `onnx` torch, onnx and
onnxscript. The seeds are fixed, so a rerun gives the same arrays. Prints path, bytes and SHA-256 of
each file.
"""

import argparse
import hashlib
import importlib
import pathlib
import sys

FOLDERS = {
  "torch": ("pytorch", "crai"),
  "families": ("families", "crai"),
  "torch_containers": ("torch_containers",),
  "keras": ("keras",),
  "keras_families": ("keras_families",),
  "hostile": ("hostile",),
  "onnx": ("onnx",),
}
HERE = pathlib.Path(__file__).resolve().parent


def report(path):
  """Prints one line about the file at `path`."""
  data = path.read_bytes()
  print(f"{path.relative_to(HERE)}  {len(data)}  {hashlib.sha256(data).hexdigest()}")


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("families", nargs="*", default=list(FOLDERS), metavar="family")
  sys.dont_write_bytecode = True
  for family in parser.parse_args().families:
    folders = [HERE / name for name in FOLDERS[family]]
    for folder in folders:
      folder.mkdir(exist_ok=True)
    importlib.import_module(f"fixtures_{family}").make(*folders)
    for path in sorted(path for folder in folders for path in folder.iterdir()):
      report(path)


if __name__ == "__main__":
  main()
