"""Layer order, names and array shapes of the PConv-Keras U-Net as Keras 2.2.4 stores them."""

ENCODER_KERNELS = (7, 5, 5, 3, 3, 3, 3, 3)


def convolution(name, kernel, channels, filters):
  """Returns one partial convolution: its layer name and its arrays (kernel H W I O, bias)."""
  return name, [("img_kernel", (kernel, kernel, channels, filters)), ("bias", (filters,))]


def normalisation(name, channels):
  """Returns one batch normalisation: its layer name and its four arrays."""
  arrays = ("gamma", "beta", "moving_mean", "moving_variance")
  return name, [(array, (channels,)) for array in arrays]


def encoder_layers(widths):
  """Returns the encoder: stride-2 convolution, normalisation from the second level on, ReLU."""
  layers, channels = [], 3
  for level, (kernel, width) in enumerate(zip(ENCODER_KERNELS, widths), start=1):
    layers.append(convolution(f"p_conv2d_{level}", kernel, channels, width))
    if level > 1:
      layers.append(normalisation(f"EncBN{level - 1}", width))
    layers.append((f"activation_{level}", []))
    channels = width
  return layers


def decoder_layers(widths):
  """Returns the decoder: upsample picture and mask, concatenate each with its skip, convolve."""
  skips = (3,) + tuple(widths[:-1])
  layers, channels = [], widths[-1]
  for stage in range(1, 9):
    skip = skips[8 - stage]
    width = skip
    for kind in ("up_sampling2d", "concatenate"):
      layers += [(f"{kind}_{2 * stage - 1}", []), (f"{kind}_{2 * stage}", [])]
    layers.append(convolution(f"p_conv2d_{8 + stage}", 3, channels + skip, width))
    if stage < 8:
      layers.append(normalisation(f"batch_normalization_{stage}", width))
    layers.append((f"leaky_re_lu_{stage}", []))
    channels = width
  return layers


def network_layers(encoder_widths):
  """Returns `[(layer name, [(array name, shape)])]` of the whole network in storage order.

  `encoder_widths`: the eight encoder channel counts; each decoder stage has its skip's width.
  """
  inputs = [("inputs_img", []), ("inputs_mask", [])]
  output = ("outputs_img", [("kernel", (1, 1, 3, 3)), ("bias", (3,))])
  return inputs + encoder_layers(encoder_widths) + decoder_layers(encoder_widths) + [output]


def reloaded(layers):
  """Returns the layers as they are called after the network was built a second time in one session.

  Numbered layers count on from the first build; `EncBN1` and the like keep their names.
  """
  kinds = [name.rpartition("_")[0] for name, _ in layers]

  def rename(name):
    kind, _, number = name.rpartition("_")
    return f"{kind}_{int(number) + kinds.count(kind)}" if number.isdigit() else name

  return [(rename(name), arrays) for name, arrays in layers]


def reloaded_inner_name(layer):
  """Returns the name of a reloaded layer's inner group: `EncBN1` and the like get a suffix."""
  return layer if layer.rpartition("_")[2].isdigit() else layer + "_1"
