"""Times pconv-run against TensorFlow on the full-width PConv-Keras network, in turns (A B A B ...).

Prints the two medians in seconds and their ratio (TensorFlow / pconv-run: above 1, pconv-run is
faster). Without --pcm only TensorFlow is timed. Needs tensorflow-cpu, tf-keras and h5py; weights
from Fixtures/make_full_width.py.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Fixtures"))

import numpy as np
import tensorflow as tf

from networks_keras import load_by_order, pconv_keras


def make_input(size, seed=7):
  """Returns a noisy picture and a mask with rectangular holes, both 1 H W 3 float32."""
  rng = np.random.default_rng(seed)
  picture = rng.random((1, size, size, 3), np.float32)
  mask = np.ones((1, size, size, 3), np.float32)
  for _ in range(12):
    top, left = rng.integers(0, size * 3 // 4, 2)
    height, width = rng.integers(size // 32, size // 4, 2)
    mask[:, top : top + height, left : left + width] = 0
  return picture, mask


def tensorflow_run(model, picture, mask):
  """Returns the seconds of one prediction and its output."""
  start = time.perf_counter()
  output = model.predict_on_batch([picture, mask])
  return time.perf_counter() - start, output


def pconv_run(arguments, folder):
  """Returns the seconds that one pconv-run process reports for one inference."""
  command = [
    arguments.runner,
    arguments.pcm,
    "--input",
    f"{folder}/in.npz",
    "--output",
    f"{folder}/out.npz",
    "--benchmark",
    "1",
    "--quiet",
    *arguments.runner_argument,
  ]
  result = subprocess.run(command, check=True, capture_output=True, text=True)
  return float(result.stdout.split()[0])


def relative_difference(output, path):
  """Returns max |difference| / max |reference| of the output stored at `path`."""
  with np.load(path) as file:
    other = file["output"]
  return float(np.abs(output - other).max() / np.abs(output).max())


def parse_arguments():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--weights", required=True, help="full-width Keras weights (.h5)")
  parser.add_argument("--pcm", help="the same weights converted")
  parser.add_argument("--runner", default="pconv-run", help="path of pconv-run")
  parser.add_argument(
    "--runner-argument", action="append", default=[], help="passed on to pconv-run"
  )
  parser.add_argument("--threads", type=int, default=2, help="threads that TensorFlow may use")
  parser.add_argument("--size", type=int, default=512)
  parser.add_argument("--rounds", type=int, default=5)
  return parser.parse_args()


def main():
  arguments = parse_arguments()
  tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
  tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
  model = pconv_keras(arguments.size, stores_mask_kernel=True)
  load_by_order(model, arguments.weights)
  picture, mask = make_input(arguments.size)
  tensorflow_times, runner_times = [], []
  with tempfile.TemporaryDirectory() as folder:
    np.savez(f"{folder}/in.npz", image=picture, mask=mask)
    _, output = tensorflow_run(model, picture, mask)
    for _ in range(arguments.rounds):
      tensorflow_times.append(tensorflow_run(model, picture, mask)[0])
      if arguments.pcm:
        runner_times.append(pconv_run(arguments, folder))
    if arguments.pcm:
      print(f"difference  {relative_difference(output, f'{folder}/out.npz'):.2e}")
  tensorflow_median = statistics.median(tensorflow_times)
  print(f"tensorflow  {tensorflow_median:.3f} s  ({tf.__version__}, {arguments.threads} threads)")
  if runner_times:
    runner_median = statistics.median(runner_times)
    print(f"pconv-run   {runner_median:.3f} s")
    print(f"ratio       {tensorflow_median / runner_median:.2f}")


if __name__ == "__main__":
  main()
