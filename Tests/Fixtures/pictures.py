"""Small pictures and masks, N H W C float32, on a coarse grid of values so that they compress."""

import numpy as np


def smooth_pictures(rng, count, height, width, channels):
  """Returns waves with a few flat rectangles, in 0..1 in steps of 1/64."""
  rows, columns = np.mgrid[0:height, 0:width] / max(height, width)
  pictures = np.empty((count, height, width, channels), np.float32)
  for picture in pictures:
    for channel in range(channels):
      across, down, phase = rng.uniform(2, 9, 3)
      picture[..., channel] = 0.5 + 0.5 * np.sin(across * columns + down * rows + phase)
    for top, left, tall, wide in rectangles(rng, height, width):
      picture[top : top + tall, left : left + wide] = rng.random(channels)
  return np.round(pictures * 64).astype(np.float32) / 64


def rectangles(rng, height, width, count=6):
  """Returns `count` boxes `(top, left, height, width)` of an eighth to a third of the picture."""
  sides = np.array([height, width, height, width])
  return [
    (rng.uniform((0, 0, 0.12, 0.12), (0.8, 0.8, 0.33, 0.33)) * sides).astype(int)
    for _ in range(count)
  ]


def holes(rng, count, height, width, channels=1, kept=0.95):
  """Returns binary masks, 1 = valid: missing boxes and lone pixels, drawn apart per channel."""
  masks = (rng.random((count, height, width, channels)) < kept).astype(np.float32)
  for index in range(count):
    for channel in range(channels):
      for top, left, tall, wide in rectangles(rng, height, width):
        masks[index, top : top + tall, left : left + wide, channel] = 0
  return masks


def soften(masks):
  """Returns the masks averaged over 2 x 2 pixels: fractional values in steps of 1/4."""
  return sum(
    np.roll(masks, shift, (1, 2)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))
  ) / np.float32(4)
