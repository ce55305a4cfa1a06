"""Compares onnxruntime's static int8 with pconv-convert --precision bf16 and int8 on one network.

Both sides see the same calibration pictures under the same masks and are measured on the same other
ones, each against its own f32: PSNR inside the holes, SSIM of the composite, values that are not
finite, file size, and the time of one picture as a share of its own f32 (medians, in turns).
onnxruntime is run three ways: with its defaults, with the convolutions of pictures alone, and with
those less the first and the last layer, which are the layers that pconv-convert narrows.

    pip install onnxruntime onnx h5py numpy pillow
    python quantisation_baseline.py --weights model.h5 --pictures photos --size 256
    python quantisation_baseline.py --onnx model.onnx --model model.pth --samples model.npz

The pictures of an .npz file are arrays `image` (0 in holes) and `mask`, N C H W.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnxruntime import quantization

HOLE_RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


def irregular_mask(size, ratio, rng):
  """Returns a mask `size` x `size`, 1 where valid: round strokes until `ratio` is missing."""
  rows, columns = np.mgrid[:size, :size]
  mask = np.ones((size, size), np.float32)
  while mask.mean() > 1 - ratio:
    row, column = rng.uniform(0, size, 2)
    angle, brush = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.01, 0.05)
    for _ in range(rng.integers(4, 30)):
      mask[(rows - row) ** 2 + (columns - column) ** 2 <= brush**2] = 0
      angle += rng.uniform(-0.8, 0.8)
      row, column = row + np.sin(angle) * brush, column + np.cos(angle) * brush
  return mask


def read_pictures(folder, size):
  """Returns the pictures of a folder, `[N, 3, size, size]` in 0...1, in the order of names."""
  from PIL import Image

  names = sorted(
    name for name in os.listdir(folder) if name.lower().endswith((".png", ".jpg", ".jpeg"))
  )
  pictures = [
    np.asarray(Image.open(os.path.join(folder, name)).convert("RGB").resize((size, size)))
    for name in names
  ]
  return np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 255


def make_samples(arguments):
  """Returns pairs of picture and mask `[1, 3, H, W]`, the picture 0 in holes."""
  if arguments.samples:
    with np.load(arguments.samples) as file:
      pairs = list(zip(file["image"], file["mask"]))
    return [(image[None], mask[None]) for image, mask in pairs]
  rng = np.random.default_rng(5)
  samples = []
  for number, picture in enumerate(read_pictures(arguments.pictures, arguments.size)):
    ratio = HOLE_RATIOS[number % len(HOLE_RATIOS)]
    mask = np.broadcast_to(irregular_mask(arguments.size, ratio, rng), picture.shape)
    samples.append((picture[None] * mask[None], mask[None].copy()))
  return samples


class Feeds(quantization.CalibrationDataReader):
  """The samples as an ONNX model takes them."""

  def __init__(self, model, samples):
    channels = {
      value.name: value.type.tensor_type.shape.dim[1].dim_value for value in model.graph.input
    }
    self.all = [
      {"image": image, "mask": mask[:, : channels["mask"]]} for image, mask in samples
    ]
    self.rewind()

  def get_next(self):
    return next(self.rest, None)

  def rewind(self):
    self.rest = iter(self.all)


class OnnxRuntime:
  """One form of an ONNX file."""

  def __init__(self, path, samples, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    self.session = onnxruntime.InferenceSession(
      path, options, providers=["CPUExecutionProvider"]
    )
    self.feeds = Feeds(onnx.load(path, load_external_data=False), samples).all
    self.bytes = os.path.getsize(path)

  def outputs(self):
    return [self.session.run(None, feeds)[0] for feeds in self.feeds]

  def seconds(self):
    start = time.perf_counter()
    self.session.run(None, self.feeds[0])
    return time.perf_counter() - start


class Ours:
  """One form of a model file."""

  def __init__(self, runner, path, samples, is_last, threads, folder):
    self.runner, self.path, self.is_last, self.threads = runner, path, is_last, threads
    self.samples, self.folder = samples, folder
    self.bytes = os.path.getsize(path)
    self.run(0, 0)

  def run(self, index, repetitions):
    image, mask = self.samples[index]
    move = (lambda array: array.transpose(0, 2, 3, 1)) if self.is_last else (lambda array: array)
    np.savez(f"{self.folder}/in.npz", image=move(image), mask=move(mask))
    command = [
      self.runner, self.path, "--input", f"{self.folder}/in.npz", "--output",
      f"{self.folder}/out.npz", "--threads", str(self.threads),
    ]
    if repetitions:
      command += ["--benchmark", str(repetitions), "--json"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    with np.load(f"{self.folder}/out.npz") as file:
      output = file["output"]
    seconds = json.loads(result.stdout)["median"] if repetitions else 0
    return output.transpose(0, 3, 1, 2) if self.is_last else output, seconds

  def outputs(self):
    return [self.run(index, 0)[0] for index in range(len(self.samples))]

  def seconds(self):
    return self.run(0, 1)[1]


def picture_convolutions(model):
  """Returns the names of convolutions whose kernels are not one number all over."""
  kernels = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
  for node in model.graph.node:
    if node.op_type == "Constant" and node.attribute[0].name == "value":
      kernels[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
  return [
    node.name
    for node in model.graph.node
    if node.op_type == "Conv" and np.ptp(kernels.get(node.input[1], np.ones(1))) > 0
  ]


def quantise(path, samples, folder):
  """Returns the ONNX file in three static int8 forms, by name; a fault in place of a file."""
  model = onnx.load(path)
  for index, node in enumerate(model.graph.node):
    node.name = node.name or f"node_{index}"
  named = f"{folder}/named.onnx"
  onnx.save(model, named)
  layers = picture_convolutions(model)
  forms = {"defaults": None, "picture convolutions": layers, "inner layers": layers[1:-1]}
  result = {}
  for name, nodes in forms.items():
    target = f"{folder}/int8-{len(result)}.onnx"
    chosen = {"nodes_to_quantize": nodes, "op_types_to_quantize": ["Conv"]} if nodes else {}
    try:
      quantization.quantize_static(
        named, target, Feeds(model, samples), quant_format=quantization.QuantFormat.QDQ,
        per_channel=True, activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8, **chosen,
      )
      result[name] = target
    except Exception as fault:  # noqa: BLE001 - the row says what happened
      result[name] = fault
  return result


def similarity(first, second):
  """Returns the mean SSIM of two pictures `[C, H, W]` over 8 x 8 windows, data range 1."""
  def windows(array):
    view = np.lib.stride_tricks.sliding_window_view(array.astype(np.float64), (8, 8), (1, 2))
    return view[:, ::4, ::4]

  x, y = windows(first), windows(second)
  mean_x, mean_y = x.mean((-1, -2)), y.mean((-1, -2))
  covariance = (x * y).mean((-1, -2)) - mean_x * mean_y
  top = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
  bottom = (mean_x**2 + mean_y**2 + 1e-4) * (x.var((-1, -2)) + y.var((-1, -2)) + 9e-4)
  return float((top / bottom).mean())


def measure(outputs, references, samples):
  """Returns PSNR in the holes in dB, SSIM of the composite, and how many values are not finite."""
  squares, count, broken, ssim = 0.0, 0, 0, []
  for output, reference, (_, mask) in zip(outputs, references, samples):
    broken += int((~np.isfinite(output)).sum())
    clean = np.nan_to_num(output, posinf=1, neginf=0)
    holes = np.broadcast_to(mask[:, :1], reference.shape) == 0
    squares += float((np.where(holes, clean - reference, 0).astype(np.float64) ** 2).sum())
    count += int(holes.sum())
    ssim.append(similarity(np.where(holes, clean, reference)[0], reference[0]))
  psnr = 10 * np.log10(count / squares) if squares else float("inf")
  return psnr, statistics.mean(ssim), broken


def convert(arguments, folder, calibration):
  """Returns our model files by precision."""
  source = arguments.model or arguments.weights
  files = {}
  for precision in ("f32", "bf16", "int8"):
    files[precision] = f"{folder}/{precision}.pcm"
    command = [arguments.converter, source, "-o", files[precision], "--quiet", "--force"]
    if precision != "f32":
      command += ["--precision", precision]
    if precision == "int8":
      command += ["--calibrate", calibration]
    subprocess.run(command, check=True)
  return files


def parse_arguments():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--weights", help="PConv-Keras weights (.h5): both sides are made from it")
  parser.add_argument("--onnx", help="the network as ONNX, instead of --weights")
  parser.add_argument("--model", help="with --onnx: the checkpoint of the same network")
  parser.add_argument("--pictures", help="folder of pictures: half to calibrate, half to measure")
  parser.add_argument("--samples", help="instead: .npz with image and mask, N C H W")
  parser.add_argument("--size", type=int, default=256)
  parser.add_argument("--threads", type=int, default=2)
  parser.add_argument("--rounds", type=int, default=5)
  parser.add_argument("--converter", default="pconv-convert")
  parser.add_argument("--runner", default="pconv-run")
  return parser.parse_args()


def keras_network(path, size):
  """Returns a PConv-Keras file of any depth and width as ONNX, one-channel mask, size fixed."""
  from peer_networks import Builder, Weights

  weights = Weights(path)
  weights.file = weights.file.get("model_weights", weights.file)
  numbered = lambda prefix: sorted(
    (name for name in weights.file if name.startswith(prefix) and len(weights.file[name])),
    key=lambda name: int("0" + "".join(filter(str.isdigit, name[len(prefix):]))),
  )
  layers, norms = numbered("p_conv2d"), numbered("batch_normalization")
  builder, half = Builder(weights, size, True), len(layers) // 2
  picture, mask, channels = "image", "mask", 3
  levels = [(picture, mask, channels)]
  for level, layer in enumerate(layers[:half]):
    norm = f"EncBN{level}" if weights.has(f"EncBN{level}") else None
    kernel, parts = weights(layer, "img_kernel").shape[0], [(picture, mask, channels)]
    picture, mask = builder.layer(layer, norm, parts, kernel, 2, "relu")
    channels = weights(layer, "bias").size
    levels.append((picture, mask, channels))
  for stage, layer in enumerate(layers[half:]):
    net = builder.network
    parts = [levels[half - 1 - stage], (net.upsample(picture), net.upsample(mask), channels)]
    norm = norms[stage] if stage < len(norms) else None
    picture, mask = builder.layer(layer, norm, parts, 3, 1, "leaky")
    channels = weights(layer, "bias").size
  net = builder.network
  kernel = net.constant(weights("outputs_img", "kernel").transpose(3, 2, 0, 1))
  bias = net.constant(weights("outputs_img", "bias"))
  output = net.node("Sigmoid", net.node("Conv", picture, kernel, bias))
  return net.model([("image", 3), ("mask", 1)], output)


def onnx_file(arguments, size, folder):
  if arguments.onnx:
    return arguments.onnx
  path = f"{folder}/peer.onnx"
  onnx.save(keras_network(arguments.weights, size), path)
  return path


def report(engines, reference, samples, rounds):
  """Prints one row for each engine of a family, measured against `reference` of it."""
  expected = engines[reference].outputs()
  times = {name: [] for name in engines}
  for _ in range(rounds):
    for name, engine in engines.items():
      times[name].append(engine.seconds())
  for name, engine in engines.items():
    psnr, ssim, broken = measure(engine.outputs(), expected, samples)
    ratio = statistics.median(
      mine / base for mine, base in zip(times[name], times[reference])
    )
    print(
      f"{name:36}{psnr:10.2f}{ssim:10.4f}{broken:8}{engine.bytes / 1e6:10.2f}{ratio:10.3f}"
    )


def main():
  logging.disable(logging.WARNING)
  arguments = parse_arguments()
  samples = make_samples(arguments)
  half = max(len(samples) // 2, 1)
  known, unknown = samples[:half], samples[half:] or samples
  with tempfile.TemporaryDirectory() as folder:
    path = onnx_file(arguments, samples[0][0].shape[-1], folder)
    is_last = not arguments.onnx
    move = (lambda array: array.transpose(0, 2, 3, 1)) if is_last else (lambda array: array)
    calibration = f"{folder}/calibration.npz"
    np.savez(
      calibration, image=move(np.concatenate([image for image, _ in known])),
      mask=move(np.concatenate([mask for _, mask in known])),
    )
    peers = {"onnxruntime f32": OnnxRuntime(path, unknown, arguments.threads)}
    faults = {}
    for name, form in quantise(path, known, folder).items():
      label = f"onnxruntime int8, {name}"
      if isinstance(form, Exception):
        faults[label] = form
      else:
        peers[label] = OnnxRuntime(form, unknown, arguments.threads)
    ours = {
      f"pconv-convert {precision}": Ours(
        arguments.runner, file, unknown, is_last, arguments.threads, folder
      )
      for precision, file in convert(arguments, folder, calibration).items()
    }
    print(
      f"{len(known)} pictures to calibrate, {len(unknown)} to measure, {arguments.threads} "
      f"threads, onnxruntime {onnxruntime.__version__}; each family against its own f32"
    )
    print(f"{'':36}{'PSNR dB':>10}{'SSIM':>10}{'broken':>8}{'MB':>10}{'time':>10}")
    report(peers, "onnxruntime f32", unknown, arguments.rounds)
    for label, fault in faults.items():
      print(f"{label:36} failed: {str(fault).splitlines()[0][:60]}")
    report(ours, "pconv-convert f32", unknown, arguments.rounds)


if __name__ == "__main__":
  main()
