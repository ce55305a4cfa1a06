"""Compares the default model with OpenCV's inpainting on held-out pictures.

    python compare_with_opencv.py --model partial-unet.h5
    python compare_with_opencv.py --pcm partial-unet.pcm --pconv-run .build/release/pconv-run

Each 256 x 256 crop of held-out.jpg, none of which the model was trained on, is filled under one
mask of each bin of hole ratios: by the model, by OpenCV's Telea and by its Navier-Stokes method,
both of radius 3. All results are 8-bit composites: valid pixels are the crop's own. PSNR and SSIM
are means over whole composites. The masks follow from the seed, so the table can be made again.

Needs numpy, pillow, scikit-image and opencv-python-headless, and without --pcm tensorflow-cpu and
tf-keras.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from irregular_masks import irregular_mask

FOLDER = Path(__file__).resolve().parent
CROP = 256
EDGES = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
LARGE_HOLES = 0.2
METHODS = ("model", "Telea", "Navier-Stokes")


def held_out_crops(path):
  """Returns the crops of a sheet, H W 3 bytes each."""
  sheet = np.asarray(Image.open(path).convert("RGB"))
  rows, columns = (length // CROP for length in sheet.shape[:2])
  tiles = sheet.reshape(rows, CROP, columns, CROP, 3).swapaxes(1, 2)
  return list(tiles.reshape(-1, CROP, CROP, 3))


def masks_by_bin(random, count):
  """Returns for every bin of hole ratios `count` masks, 1 where valid."""
  bins = [[] for _ in EDGES[1:]]
  while any(len(masks) < count for masks in bins):
    mask = irregular_mask(random, CROP)
    index = int(np.searchsorted(EDGES, 1 - mask.mean(), side="right")) - 1
    if 0 <= index < len(bins) and len(bins[index]) < count:
      bins[index].append(mask)
  return bins


def keras_filler(path):
  """Returns a function that fills crops with the Keras model at `path`."""
  sys.path.insert(0, str(FOLDER.parents[1] / "Tests" / "Fixtures"))
  from networks_keras import PConv2D
  from tf_keras.models import load_model

  model = load_model(path, custom_objects={"PConv2D": PConv2D}, compile=False)

  def fill(crop, mask):
    planes = np.repeat(mask[None, :, :, None], 3, axis=3).astype(np.float32)
    output = model.predict_on_batch([crop[None].astype(np.float32) / 255, planes])[0]
    return np.rint(output * 255).astype(np.uint8)

  return fill


def command_filler(command, model, folder):
  """Returns a function that fills crops with `pconv-run`."""
  picture, holes, filled = (folder / name for name in ("picture.png", "mask.png", "filled.png"))

  def fill(crop, mask):
    Image.fromarray(crop).save(picture)
    Image.fromarray(mask * np.uint8(255)).save(holes)
    filled.unlink(missing_ok=True)
    arguments = [command, model, "--image", picture, "--mask", holes, "-o", filled, "--quiet"]
    subprocess.run(arguments, check=True)
    return np.asarray(Image.open(filled).convert("RGB"))

  return fill


def measure(crop, mask, fill):
  """Returns PSNR and SSIM of each method: an array [method, 2]."""
  valid = mask[:, :, None]
  damaged, holes = crop * valid, (1 - mask) * np.uint8(255)
  results = (
    fill(damaged, mask),
    cv2.inpaint(damaged, holes, 3, cv2.INPAINT_TELEA),
    cv2.inpaint(damaged, holes, 3, cv2.INPAINT_NS),
  )
  scores = []
  for result in results:
    composite = np.where(valid, crop, result)
    similarity = structural_similarity(crop, composite, channel_axis=2)
    scores.append((peak_signal_noise_ratio(crop, composite), similarity))
  return np.array(scores)


def print_row(name, scores):
  """Prints the means of `scores` [crop, method, 2] and how often the model is best."""
  means = scores.mean(0)
  best = (scores[:, 0] > scores[:, 1:].max(1)).mean(0)
  cells = [f"{means[i, 0]:.2f} / {means[i, 1]:.3f}" for i in range(len(METHODS))]
  print(f"| {name} | {' | '.join(cells)} | {best[0]:.0%} / {best[1]:.0%} |", flush=True)


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--model", default=FOLDER / "partial-unet.h5", help="the Keras model")
  parser.add_argument("--pcm", help="the converted model, to fill with pconv-run instead")
  parser.add_argument("--pconv-run", default="pconv-run", help="the pconv-run to use")
  parser.add_argument("--held-out", default=FOLDER / "held-out.jpg", help="sheet of crops")
  parser.add_argument("--seed", type=int, default=2018)
  arguments = parser.parse_args()
  cv2.setNumThreads(1)
  crops = held_out_crops(arguments.held_out)
  bins = masks_by_bin(np.random.default_rng(arguments.seed), len(crops))
  with tempfile.TemporaryDirectory() as folder:
    if arguments.pcm:
      fill = command_filler(arguments.pconv_run, arguments.pcm, Path(folder))
    else:
      fill = keras_filler(arguments.model)
    print(f"| Holes | {' | '.join(METHODS)} | model best |")
    print("|---|---|---|---|---|")
    large = []
    for low, high, masks in zip(EDGES, EDGES[1:], bins):
      scores = np.stack([measure(crop, mask, fill) for crop, mask in zip(crops, masks)])
      print_row(f"{low:.0%}–{high:.0%}", scores)
      if low >= LARGE_HOLES:
        large.append(scores)
    print_row(f"over {LARGE_HOLES:.0%}", np.concatenate(large))


if __name__ == "__main__":
  main()
