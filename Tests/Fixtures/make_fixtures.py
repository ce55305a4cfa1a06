"""Writes the fixtures beside this script: `make_fixtures.py [torch] [keras] [hostile]`.

All three by default. `torch` needs torch and numpy, `keras` tensorflow-cpu, tf-keras and h5py,
`hostile` nothing. The seeds are fixed, so a rerun gives the same arrays. Prints path, bytes and
SHA-256 of each file.
"""

import argparse
import hashlib
import importlib
import pathlib
import sys

FOLDERS = {"torch": ("pytorch", "crai"), "keras": ("keras",), "hostile": ("hostile",)}
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
