"""Ordinary Keras models with one of everything, for tf-keras (Keras 2) and Keras 3 alike.

`framework` is the module `tf_keras` or `keras`.
"""


def branches(framework, size=(24, 40)):
  """Returns a model of branches that meet again: picture to picture of the same size."""
  layers = framework.layers
  picture = layers.Input((*size, 3), name="photo")
  shared = layers.Conv2D(4, 3, padding="same", name="shared")
  left = layers.LeakyReLU(0.1)(shared(picture))
  right = shared(layers.Activation("tanh")(picture))
  joined = layers.Add()([left, right])
  joined = layers.BatchNormalization(scale=False)(joined)
  small = layers.Conv2D(6, 5, strides=2, padding="same", activation="relu")(joined)
  small = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(small)
  small = layers.SeparableConv2D(5, 3, padding="same", activation="relu")(small)
  small = layers.ZeroPadding2D(((1, 0), (0, 1)))(small)
  small = layers.MaxPooling2D(2, strides=1)(small)
  inner = framework.Sequential(
    [layers.Input((None, None, 5)), layers.Conv2D(4, 1), layers.Dense(3, activation="relu")],
    name="inner",
  )
  small = layers.Dropout(0.5)(inner(small))
  small = layers.AveragePooling2D(3, strides=1, padding="same")(small)
  large = layers.UpSampling2D(2)(small)
  joined = layers.Concatenate()([large, joined])
  gate = layers.Conv2D(7, 1, activation="sigmoid")(joined)
  joined = layers.Multiply()([joined, gate])
  return framework.Model(picture, layers.Conv2D(3, 3, padding="same", name="result")(joined))


def classifier(framework, size=(8, 12)):
  """Returns a model that flattens: picture to seven numbers."""
  layers = framework.layers
  picture = layers.Input((*size, 3), name="photo")
  features = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(picture)
  flat = layers.Dropout(0.1)(layers.Flatten()(features))
  mean = layers.GlobalAveragePooling2D()(features)
  hidden = layers.Add()([layers.Dense(6)(flat), layers.Dense(6)(mean)])
  return framework.Model(picture, layers.Dense(7)(layers.Activation("relu")(hidden)))
