"""Times pconv-run against onnxruntime and OpenVINO on the PConv-Keras network, in turns.

Each round runs every engine once, one after the other; printed are medians in milliseconds and the
medians of the rounds' ratios ours / peer (below 1, pconv-run is faster). The peers get the kindest
form of the network (see peer_networks.py), all get the same threads and the same processors.
Times of one run in one process after a warm-up; loading is not counted.

    pip install onnxruntime openvino onnx h5py numpy
    python make_full_width.py full_width.h5 && pconv-convert full_width.h5 -o full_width.pcm
    python peers.py --weights full_width.h5 --ours f32=full_width.pcm --rounds 15
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime
import openvino

from peer_networks import pconv_keras


def make_input(size, seed=7):
  """Returns a noisy picture 1 3 H W and a one-channel mask 1 1 H W with rectangular holes."""
  rng = np.random.default_rng(seed)
  picture = rng.random((1, 3, size, size), np.float32)
  mask = np.ones((1, 1, size, size), np.float32)
  for _ in range(12):
    top, left = rng.integers(0, size * 3 // 4, 2)
    height, width = rng.integers(size // 32, size // 4, 2)
    mask[..., top : top + height, left : left + width] = 0
  return picture, mask


class OnnxRuntime:
  def __init__(self, model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    self.session = onnxruntime.InferenceSession(
      model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    self.names = [value.name for value in self.session.get_inputs()]

  def run(self, feeds):
    start = time.perf_counter()
    output = self.session.run(None, {name: feeds[name] for name in self.names})[0]
    return time.perf_counter() - start, output


class OpenVINO:
  def __init__(self, model, threads, precision):
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
      file.write(model.SerializeToString())
      file.flush()
      core = openvino.Core()
      self.model = core.compile_model(
        core.read_model(file.name),
        "CPU",
        {
          "INFERENCE_PRECISION_HINT": precision,
          "INFERENCE_NUM_THREADS": threads,
          "PERFORMANCE_HINT": "LATENCY",
        },
      )
    self.request = self.model.create_infer_request()
    self.names = [value.get_any_name() for value in self.model.inputs]

  def run(self, feeds):
    start = time.perf_counter()
    result = self.request.infer({name: feeds[name] for name in self.names})
    return time.perf_counter() - start, result[self.model.outputs[0]]


class Ours:
  """`pconv-run` as a process of its own, which reports the median time of three inferences."""

  def __init__(self, runner, arguments, folder):
    self.folder = folder
    self.command = [
      runner, *arguments, "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz",
      "--benchmark", "3", "--json",
    ]

  def run(self, _):
    result = subprocess.run(self.command, check=True, capture_output=True, text=True)
    with np.load(f"{self.folder}/out.npz") as file:
      output = file["output"]
    if output.ndim == 4:
      output = output.transpose(0, 3, 1, 2)
    return json.loads(result.stdout)["median"], output


def parse_arguments():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--weights", required=True, help="full-width Keras weights (.h5)")
  parser.add_argument(
    "--ours", action="append", required=True, metavar="NAME=MODEL.pcm [OPTION...]",
    help="one configuration of pconv-run, such as 'fast=full_width.pcm --tier fast'",
  )
  parser.add_argument("--runner", default="pconv-run", help="path of pconv-run")
  parser.add_argument("--threads", type=int, default=2)
  parser.add_argument("--size", type=int, default=512)
  parser.add_argument("--rounds", type=int, default=7)
  return parser.parse_args()


def engines(arguments, folder):
  """Returns every engine by name; names of ours come first."""
  result = {}
  for entry in arguments.ours:
    name, _, rest = entry.partition("=")
    options = rest.split() + ["--threads", str(arguments.threads)]
    result[name] = Ours(arguments.runner, options, folder)
  for form, is_masked in (("masked", True), ("unmasked", False)):
    model = pconv_keras(arguments.weights, arguments.size, is_masked)
    result[f"onnxruntime f32 {form}"] = OnnxRuntime(model, arguments.threads)
    for precision in ("f32", "bf16"):
      result[f"openvino {precision} {form}"] = OpenVINO(model, arguments.threads, precision)
  return result


def time_in_turns(runners, feeds, reference, rounds):
  """Prints how far every engine is from `reference`; returns the seconds of `rounds` runs of each."""
  expected = runners[reference].run(feeds)[1]
  for name, runner in runners.items():
    difference = np.abs(runner.run(feeds)[1] - expected).max() / np.abs(expected).max()
    print(f"{name}: largest difference from {reference} {difference:.1e}")
  times = {name: [] for name in runners}
  for _ in range(rounds):
    for name, runner in runners.items():
      times[name].append(runner.run(feeds)[0])
  return times


def report(times, ours):
  """Prints one row for each engine: its median, and our ratios to it."""
  width = max(map(len, times))
  print(f"{'':{width}}  median ms" + "".join(f"  {name + ' / it':>12}" for name in ours))
  for name, seconds in times.items():
    row = f"{name:{width}}  {statistics.median(seconds) * 1e3:9.1f}"
    for own in ours:
      ratios = [mine / other for mine, other in zip(times[own], seconds)]
      row += f"  {statistics.median(ratios):12.3f}"
    print(row)


def main():
  arguments = parse_arguments()
  picture, mask = make_input(arguments.size)
  feeds = {"image": picture, "mask": mask}
  with tempfile.TemporaryDirectory() as folder:
    pixels = lambda array: np.repeat(array, 3 // array.shape[1], 1).transpose(0, 2, 3, 1)
    np.savez(f"{folder}/in.npz", image=pixels(picture), mask=pixels(mask))
    runners = engines(arguments, folder)
    ours = list(runners)[: len(arguments.ours)]
    times = time_in_turns(runners, feeds, "onnxruntime f32 masked", arguments.rounds)
    print(
      f"{arguments.size}x{arguments.size}, {arguments.threads} threads, {arguments.rounds} rounds, "
      f"load {os.getloadavg()[0]:.1f}, onnxruntime {onnxruntime.__version__}, "
      f"OpenVINO {openvino.__version__}"
    )
    report(times, ours)


if __name__ == "__main__":
  main()
