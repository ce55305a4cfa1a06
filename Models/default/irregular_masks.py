"""Irregular masks of the kind of Liu et al. 2018: strokes of varying width, 1 where valid."""

import numpy as np
from PIL import Image, ImageDraw


def irregular_mask(random, size):
  """Returns a `size` by `size` array of 0 and 1 with a hole ratio up to 0.6 or little more.

  All ratios are equally likely; shapes are drawn until the ratio is reached.
  """
  wanted = (random.integers(6) + random.random()) / 10
  image = Image.new("L", (size, size), 1)
  draw = ImageDraw.Draw(image)
  while 1 - np.asarray(image).mean() < wanted:
    kind = random.integers(8)
    x, y = random.integers(0, size, 2)
    if kind == 0:
      width, height = random.integers(size // 16, size // 4, 2)
      draw.rectangle((x, y, x + width, y + height), fill=0)
    elif kind == 1:
      radius = random.integers(size // 40, size // 8)
      draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    else:
      stroke(draw, random, float(x), float(y), size)
  return np.asarray(image)


def stroke(draw, random, x, y, size):
  """Draws a random walk of thick segments with round joints."""
  width = int(random.integers(max(size // 80, 2), size // 14))
  angle = random.uniform(0, 2 * np.pi)
  for _ in range(random.integers(2, 9)):
    angle += random.normal(0, 0.7)
    length = random.uniform(size / 20, size / 5)
    end = (x + length * np.cos(angle), y + length * np.sin(angle))
    draw.line((x, y, *end), fill=0, width=width)
    radius = width / 2
    draw.ellipse((end[0] - radius, end[1] - radius, end[0] + radius, end[1] + radius), fill=0)
    x, y = end
