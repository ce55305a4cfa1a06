import GraphIR

/// How each Keras layer class becomes operations; unknown classes are told apart by their weights.
enum KerasLayerTable {
  typealias Row =
    @Sendable (inout KerasGraphBuilder, KerasLayerCall) throws(ImportError) -> [ValueID]

  static let rows: [String: Row] = [
    "Activation": { builder, call throws(ImportError) in [try builder.activation(call)] },
    "ActivityRegularization": unchanged,
    "Add": { builder, call throws(ImportError) in [try builder.fold(Add(), call)] },
    "AlphaDropout": unchanged,
    "AveragePooling2D": { builder, call throws(ImportError) in [try builder.pool(.average, call)] },
    "BatchNormalization": batchNormalization,
    "BatchNormalizationV1": batchNormalization,
    "BatchNormalizationV2": batchNormalization,
    "Concatenate": { builder, call throws(ImportError) in [try builder.concatenate(call)] },
    "Conv2D": { builder, call throws(ImportError) in [try builder.convolution(call)] },
    "Convolution2D": { builder, call throws(ImportError) in [try builder.convolution(call)] },
    "Dense": { builder, call throws(ImportError) in [try builder.dense(call)] },
    "DepthwiseConv2D": { builder, call throws(ImportError) in
      [try builder.depthwiseConvolution(call)]
    },
    "Dropout": unchanged,
    "Flatten": { builder, call throws(ImportError) in [try builder.flatten(call)] },
    "Functional": nestedModel,
    "GaussianDropout": unchanged,
    "GaussianNoise": unchanged,
    "GlobalAveragePooling2D": { builder, call throws(ImportError) in
      [try builder.globalAverage(call)]
    },
    "LeakyReLU": { builder, call throws(ImportError) in [try builder.leakyReLU(call)] },
    "MaxPooling2D": { builder, call throws(ImportError) in [try builder.pool(.maximum, call)] },
    "Model": nestedModel,
    "Multiply": { builder, call throws(ImportError) in [try builder.fold(Multiply(), call)] },
    "ReLU": { builder, call throws(ImportError) in [try builder.rectifier(call)] },
    "Reshape": { builder, call throws(ImportError) in [try builder.reshape(call)] },
    "SeparableConv2D": { builder, call throws(ImportError) in
      [try builder.separableConvolution(call)]
    },
    "Sequential": nestedModel,
    "SpatialDropout2D": unchanged,
    "Subtract": { builder, call throws(ImportError) in [try builder.fold(Subtract(), call)] },
    "UpSampling2D": { builder, call throws(ImportError) in [try builder.upsample(call)] },
    "ZeroPadding2D": { builder, call throws(ImportError) in [try builder.zeroPad(call)] },
  ]

  /// Classes that tie a model to the picture size it was saved with.
  static let classesOfFixedSize: Set = ["Flatten", "Reshape"]

  private static let unchanged: Row = { _, call throws(ImportError) in [try call.input(0)] }
  private static let batchNormalization: Row = { builder, call throws(ImportError) in
    [try builder.batchNormalization(call)]
  }
  private static let nestedModel: Row = { builder, call throws(ImportError) in
    try builder.nestedModel(call)
  }

  /// Why classes that users meet have no row.
  private static let known: [String: String] = [
    "Conv2DTranspose": "transposed convolution has no operation here",
    "Lambda":
      "its behaviour is Python code, which is not run here; rebuild the model without it "
      + "and save it again",
    "Softmax": "softmax has no operation here; save the model without it and take the logits",
    "TFOpLambda": "it is a TensorFlow call without a layer; write it as a Keras layer",
  ]

  /// The row for a layer: by class, or the partial convolution that any class name may hide.
  static func row(_ layer: KerasModelConfig.Layer) throws(ImportError) -> Row {
    if let row = rows[layer.className] { return row }
    let subject = "layer '\(layer.name)' is of class '\(layer.className)'"
    if let reason = known[layer.className] {
      throw ImportError(.unsupportedLayer, "\(subject): \(reason)")
    }
    if layer.isPartialConvolution {
      return { builder, call throws(ImportError) in try builder.partialConvolution(call) }
    }
    if layer.isModel { return nestedModel }
    throw ImportError(
      .unsupportedLayer,
      "\(subject), which is not known; known are \(rows.keys.sorted().joined(separator: ", ")), "
        + "and partial convolutions under any name")
  }
}

extension KerasModelConfig.Layer {
  /// Whether this is a custom two-input convolution, whatever its author called it.
  var isPartialConvolution: Bool {
    KerasLayerTable.rows[className] == nil && config["filters"] != nil
      && config["kernel_size"] != nil && (calls.first?.inputs.count ?? 0) == 2
  }
}

/// One call of a layer with the values it is given.
struct KerasLayerCall {
  var layer: KerasModelConfig.Layer
  /// Names of the models around the layer, each with a `/`.
  var path: String
  var inputs: [ValueID]
  var training: Bool?

  /// The layer's name with its models before it.
  var name: String { path + layer.name }

  func input(_ index: Int) throws(ImportError) -> ValueID {
    guard inputs.indices.contains(index) else {
      throw ImportError(
        .unsupportedLayer, "layer '\(name)' is called with \(inputs.count) inputs")
    }
    return inputs[index]
  }

  /// Two positive integers of the config, such as strides.
  func pair(_ key: String, default fallback: [Int]? = nil) throws(ImportError) -> [Int] {
    let given = layer.config[key]
    let values = given?.integers ?? given?.integer.map { [$0, $0] } ?? fallback
    guard let values, values.count == 2, values.allSatisfy({ (1...4096).contains($0) }) else {
      throw unsupported("its '\(key)' is not two sizes")
    }
    return values
  }

  func unsupported(_ problem: String) -> ImportError {
    ImportError(.unsupportedLayer, "layer '\(name)' (\(layer.className)): \(problem)")
  }
}
