import GraphIR

/// How each Keras layer class becomes operations; unknown classes are told apart by their weights.
enum KerasLayerTable {
  typealias Row =
    @Sendable (inout KerasGraphBuilder, KerasLayerCall) throws(ImportError) -> [ValueID]

  static let rows: [String: Row] = [
    "Activation": { builder, call throws(ImportError) in
      [try builder.activation(call)]
    },
    "Add": { builder, call throws(ImportError) in
      [try builder.fold(Add(), call)]
    },
    "AveragePooling2D": { builder, call throws(ImportError) in
      [try builder.pool(.average, call)]
    },
    "BatchNormalization": { builder, call throws(ImportError) in
      [try builder.batchNormalization(call)]
    },
    "BatchNormalizationV1": { builder, call throws(ImportError) in
      [try builder.batchNormalization(call)]
    },
    "Concatenate": { builder, call throws(ImportError) in
      [try builder.concatenate(call)]
    },
    "Conv2D": { builder, call throws(ImportError) in
      [try builder.convolution(call)]
    },
    "Dropout": { builder, call throws(ImportError) in
      [try call.input(0)]
    },
    "LeakyReLU": { builder, call throws(ImportError) in
      [try builder.leakyReLU(call)]
    },
    "MaxPooling2D": { builder, call throws(ImportError) in
      [try builder.pool(.maximum, call)]
    },
    "Multiply": { builder, call throws(ImportError) in
      [try builder.fold(Multiply(), call)]
    },
    "ReLU": { builder, call throws(ImportError) in
      [try builder.rectifier(call)]
    },
    "SpatialDropout2D": { builder, call throws(ImportError) in
      [try call.input(0)]
    },
    "UpSampling2D": { builder, call throws(ImportError) in
      [try builder.upsample(call)]
    },
    "ZeroPadding2D": { builder, call throws(ImportError) in
      [try builder.zeroPad(call)]
    },
  ]

  /// The row for a layer: by class, or the partial convolution that any class name may hide.
  static func row(_ layer: KerasModelConfig.Layer) throws(ImportError) -> Row {
    if let row = rows[layer.className] { return row }
    if layer.className == "Lambda" {
      throw ImportError(
        .unsupportedLayer,
        "layer '\(layer.name)' is a Lambda: its behaviour is Python code, which is not run here; "
          + "rebuild the model without it and save it again")
    }
    if layer.isPartialConvolution {
      return { builder, call throws(ImportError) in try builder.partialConvolution(call) }
    }
    throw ImportError(
      .unsupportedLayer,
      "layer '\(layer.name)' is of class '\(layer.className)', which is not known; known are "
        + rows.keys.sorted().joined(separator: ", ")
        + ", and partial convolutions under any name")
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
  var inputs: [ValueID]
  var training: Bool?

  var name: String { layer.name }

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
