import CheckpointFormats
import GraphIR
import TensorCore

/// How each ONNX operator becomes operations; a row for each.
///
/// - Source: onnx/docs/Operators.md, versions 7 to 24.
enum ONNXOperatorTable {
  typealias Row =
    @Sendable (inout ONNXGraphBuilder, ONNXNodeCall) throws(ImportError) -> [ONNXValue]

  /// The row for a node.
  ///
  /// - Throws: `ImportError.unsupportedLayer` naming operator and node, and what is known.
  static func row(_ node: ONNXNode) throws(ImportError) -> Row {
    if node.domain.isEmpty, let row = rows[node.operatorType] { return row }
    let domain = node.domain.isEmpty ? "" : " of '\(node.domain.shown)'"
    throw ImportError(
      .unsupportedLayer,
      "node '\(node.displayName)' uses the operator '\(node.operatorType.shown)'\(domain), which is "
        + "not known; known are " + rows.keys.sorted().joined(separator: ", "))
  }

  static let rows: [String: Row] = arithmetic.merging(pictures) { first, _ in first }
    .merging(shapes) { first, _ in first }

  private static let arithmetic: [String: Row] = [
    "Add": { builder, call throws(ImportError) in
      try builder.arithmetic(
        Add(), identity: 0, isCommutative: true, LengthArithmetic.sum, call)
    },
    "And": { builder, call throws(ImportError) in try builder.logic(isAnd: true, call) },
    "BatchNormalization": { builder, call throws(ImportError) in
      try builder.batchNormalization(call)
    },
    "Cast": { builder, call throws(ImportError) in try builder.cast(call) },
    "CastLike": { builder, call throws(ImportError) in try builder.castLike(call) },
    "Clip": { builder, call throws(ImportError) in try builder.clip(call) },
    "Div": { builder, call throws(ImportError) in
      try builder.arithmetic(
        Divide(), identity: 1, isCommutative: false, LengthArithmetic.quotient, call)
    },
    "Equal": { builder, call throws(ImportError) in try builder.equal(call) },
    "Gemm": { builder, call throws(ImportError) in try builder.dense(call) },
    "Greater": { builder, call throws(ImportError) in
      try builder.comparison(keepsGreater: true, isNegated: true, call)
    },
    "GreaterOrEqual": { builder, call throws(ImportError) in
      try builder.comparison(keepsGreater: false, isNegated: false, call)
    },
    "LeakyRelu": { builder, call throws(ImportError) in
      try builder.unary(LeakyReLU(slope: call.float("alpha", default: 0.01)), call)
    },
    "Less": { builder, call throws(ImportError) in
      try builder.comparison(keepsGreater: false, isNegated: true, call)
    },
    "LessOrEqual": { builder, call throws(ImportError) in
      try builder.comparison(keepsGreater: true, isNegated: false, call)
    },
    "MatMul": { builder, call throws(ImportError) in try builder.product(call) },
    "Max": { builder, call throws(ImportError) in
      try builder.extremum(isMaximum: true, call)
    },
    "Min": { builder, call throws(ImportError) in
      try builder.extremum(isMaximum: false, call)
    },
    "Mul": { builder, call throws(ImportError) in
      try builder.arithmetic(
        Multiply(), identity: 1, isCommutative: true, LengthArithmetic.product, call)
    },
    "Not": { builder, call throws(ImportError) in [try builder.negated(call.input(0), call)] },
    "Or": { builder, call throws(ImportError) in try builder.logic(isAnd: false, call) },
    "Reciprocal": { builder, call throws(ImportError) in try builder.reciprocal(call) },
    "ReduceProd": { builder, call throws(ImportError) in try builder.reduceProduct(call) },
    "Relu": { builder, call throws(ImportError) in try builder.unary(ReLU(), call) },
    "Sigmoid": { builder, call throws(ImportError) in try builder.unary(Sigmoid(), call) },
    "Sub": { builder, call throws(ImportError) in
      try builder.arithmetic(
        Subtract(), identity: 0, isCommutative: false, LengthArithmetic.difference, call)
    },
    "Tanh": { builder, call throws(ImportError) in try builder.unary(Tanh(), call) },
    "Where": { builder, call throws(ImportError) in try builder.choose(call) },
  ]

  private static let pictures: [String: Row] = [
    "AveragePool": { builder, call throws(ImportError) in try builder.pool(.average, call) },
    "Concat": { builder, call throws(ImportError) in try builder.concat(call) },
    "Conv": { builder, call throws(ImportError) in try builder.convolution(call) },
    "Dropout": { builder, call throws(ImportError) in [try call.input(0)] },
    "Flatten": { builder, call throws(ImportError) in
      try call.require("axis", is: 1)
      return try builder.flatten(call)
    },
    "GlobalAveragePool": { builder, call throws(ImportError) in
      try builder.globalAveragePool(call)
    },
    "Identity": { builder, call throws(ImportError) in [try call.input(0)] },
    "MaxPool": { builder, call throws(ImportError) in try builder.pool(.maximum, call) },
    "Pad": { builder, call throws(ImportError) in try builder.pad(call) },
    "ReduceMean": { builder, call throws(ImportError) in try builder.reduceMean(call) },
    "Resize": { builder, call throws(ImportError) in
      let place = call.version >= 11 ? 2 : 1
      var sizes: [Dimension]?
      if case .numbers(let numbers)? = call.optionalInput(3) { sizes = numbers.elements }
      let scales = sizes == nil ? try builder.constant(call, place).tensor.floatArray : nil
      return try builder.resize(call, scales: scales, sizes: sizes)
    },
    "Split": { builder, call throws(ImportError) in try builder.split(call) },
    "Upsample": { builder, call throws(ImportError) in
      if case .floats(let scales)? = call.node.attributes["scales"] {
        return try builder.resize(call, scales: scales, sizes: nil)
      }
      return try builder.resize(
        call, scales: builder.constant(call, 1).tensor.floatArray, sizes: nil)
    },
  ]

  private static let shapes: [String: Row] = [
    "Constant": { builder, call throws(ImportError) in try builder.constantNode(call) },
    "ConstantOfShape": { builder, call throws(ImportError) in try builder.constantOfShape(call) },
    "Expand": { builder, call throws(ImportError) in try builder.expand(call) },
    "Floor": { builder, call throws(ImportError) in
      guard case .numbers(let numbers) = try call.input(0) else {
        throw call.unsupported("is supported on axis lengths only")
      }
      return [.numbers(numbers)]
    },
    "Gather": { builder, call throws(ImportError) in try builder.gather(call) },
    "Reshape": { builder, call throws(ImportError) in try builder.reshapeNode(call) },
    "Shape": { builder, call throws(ImportError) in try builder.shape(call) },
    "Slice": { builder, call throws(ImportError) in try builder.slice(call) },
    "Squeeze": { builder, call throws(ImportError) in
      let axes = try call.integers(attribute: "axes", orInput: 1)
      return try builder.reshape(call) { shape throws(ImportError) in
        let removed = axes.map { $0.map { $0 < 0 ? $0 &+ shape.count : $0 } }
        return shape.enumerated().filter { axis, length in
          !(removed?.contains(axis) ?? (length == 1))
        }.map(\.element)
      }
    },
    "Tile": { builder, call throws(ImportError) in try builder.tile(call) },
    "Transpose": { builder, call throws(ImportError) in try builder.transpose(call) },
    "Unsqueeze": { builder, call throws(ImportError) in
      let axes = try call.integers(attribute: "axes", orInput: 1) ?? []
      return try builder.reshape(call) { shape throws(ImportError) in
        let rank = shape.count + axes.count
        let places = Set(axes.map { $0 < 0 ? $0 &+ rank : $0 })
        guard places.count == axes.count, places.allSatisfy((0..<rank).contains), rank <= 8 else {
          throw call.unsupported("its axes are \(axes.prefix(8))")
        }
        var rest = shape[...]
        return (0..<rank).map { places.contains($0) ? 1 : rest.popFirst() ?? 1 }
      }
    },
  ]
}
