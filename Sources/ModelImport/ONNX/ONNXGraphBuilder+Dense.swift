import GraphIR
import TensorCore

extension ONNXGraphBuilder {
  /// Gemm: `alpha · x · w + beta · b`, or with w transposed.
  mutating func dense(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    try call.require("transA", is: 0)
    let weights = try matrix(call, isTransposed: try call.integer("transB", default: 0) == 1)
    let (alpha, beta) = (try call.float("alpha", default: 1), try call.float("beta", default: 1))
    guard alpha == 1, beta == 1 else {
      throw call.unsupported("attributes 'alpha' and 'beta' are \(alpha) and \(beta), not 1")
    }
    let input = try picture(call)
    let kernel = try assembler.constant(weights.name, weights.tensor)
    let count = weights.tensor.shape[0]
    guard call.optionalInput(2) != nil else {
      let bias = try assembler.apply(Fill(0, shape: [count]), label: "")
      return [.graph(try assembler.apply(Dense(), input, kernel, bias, label: call.label))]
    }
    let bias = try vector(call, 2)
    guard bias.tensor.elementCount == count else {
      throw call.unsupported("its bias has \(bias.tensor.elementCount) elements, not \(count)")
    }
    return [
      .graph(
        try assembler.apply(
          Dense(), input, kernel, assembler.constant(bias.name, bias.tensor), label: call.label))
    ]
  }

  /// MatMul with a stored matrix; an addition that follows becomes its bias.
  mutating func product(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let weights = try matrix(call, isTransposed: false)
    let input = try picture(call)
    let bias = try assembler.apply(Fill(0, shape: [weights.tensor.shape[0]]), label: "")
    let result = try assembler.apply(
      Dense(), input, assembler.constant(weights.name, weights.tensor), bias, label: call.label)
    products[result] = (input, weights)
    return [.graph(result)]
  }

  /// The weights as `[M, K]`; the file has `[K, M]` unless `isTransposed`.
  private func matrix(
    _ call: ONNXNodeCall, isTransposed: Bool
  ) throws(ImportError) -> ONNXConstant {
    var weights = try constant(call, 1)
    guard weights.tensor.shape.count == 2, weights.tensor.elementType == .float32,
      weights.tensor.elementCount > 0
    else {
      throw call.unsupported("its second input has shape \(weights.tensor.shape), not [K, M]")
    }
    if !isTransposed {
      weights.tensor = weights.tensor.transposed([1, 0])
      weights.name += ":transposed"
    }
    return weights
  }

  /// Transpose of a stored tensor.
  func transpose(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    guard case .constant(var constant) = try call.input(0) else {
      throw call.unsupported("transposes a computed value")
    }
    let rank = constant.tensor.shape.count
    let permutation = try call.integers("perm") ?? Array((0..<rank).reversed())
    guard permutation.sorted() == Array(0..<rank) else {
      throw call.unsupported("attribute 'perm' is \(permutation.prefix(8))")
    }
    constant.tensor = constant.tensor.transposed(permutation)
    constant.name += ":transposed_" + call.constantName
    return [.constant(constant)]
  }
}
