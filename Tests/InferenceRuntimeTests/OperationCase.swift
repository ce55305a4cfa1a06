import GraphIR
import InferenceRuntime
import KernelLibrary
import TensorCore
import Testing

/// One application of an operation with the tensors it reads.
struct OperationCase: Sendable, CustomTestStringConvertible {
  /// A tensor and how the graph holds it.
  struct Operand: Sendable {
    let tensor: Tensor
    let layout: Layout
    let isConstant: Bool

    static func image(_ tensor: Tensor) -> Operand {
      Operand(tensor: tensor, layout: .nchw, isConstant: false)
    }
    static func constant(_ tensor: Tensor) -> Operand {
      Operand(tensor: tensor, layout: .plain, isConstant: true)
    }
    static func plain(_ tensor: Tensor) -> Operand {
      Operand(tensor: tensor, layout: .plain, isConstant: false)
    }
  }

  let operation: any GraphIR.Operation
  let operands: [Operand]
  /// Longest sum that makes one result.
  var depth = 1

  var testDescription: String {
    "\(operation.mnemonic) \(operation.attributes) \(operands.map(\.tensor.shape))"
  }

  /// Runs the case through the runtime on one kernel table.
  func run(
    _ kernels: KernelTable, threads: Int, tier: NumericTier = .exact, transform: String? = "direct"
  ) throws -> [Tensor] {
    let (session, inputs) = try session(
      kernels, threads: threads, tier: tier, transform: transform)
    return try session.run(inputs).map(\.tensor)
  }

  /// What the steps that the runtime takes are called.
  func stepLabels() throws -> [String] {
    let (session, inputs) = try session(
      .preferred, threads: 1, tier: .exact, transform: "direct")
    return try session.profile(inputs).map(\.label)
  }

  /// The algorithms of the steps that compute a convolution.
  func algorithms(tier: NumericTier, transform: String? = nil) throws -> [String] {
    let (session, inputs) = try session(
      .preferred, threads: 1, tier: tier, transform: transform)
    return try session.profile(inputs).map(\.algorithm).filter { !$0.isEmpty }
  }

  private func session(
    _ kernels: KernelTable, threads: Int, tier: NumericTier, transform: String? = nil
  ) throws -> (session: Session, inputs: [String: Tensor]) {
    var graph = Graph(name: "case")
    var inputs: [String: Tensor] = [:]
    var values: [ValueID] = []
    for (index, operand) in operands.enumerated() {
      if operand.isConstant {
        values.append(graph.addConstant("constant\(index)", operand.tensor))
      } else {
        var type = ValueType(of: operand.tensor)
        type.layout = operand.layout
        values.append(graph.addInput("input\(index)", type))
        inputs["input\(index)"] = operand.tensor
      }
    }
    for (index, result) in try graph.add(operation, values).enumerated() {
      graph.addOutput("output\(index)", result)
    }
    let model = CompiledModel(
      try VerifiedGraph(graph), kernels: kernels, tier: tier, preferringTransform: transform)
    return (model.makeSession(threads: threads), inputs)
  }

  /// Compares with `evaluate` as the operation's exactness allows.
  func check(_ kernels: KernelTable, threads: Int) throws {
    let expected = operation.evaluate(operands.map(\.tensor))
    let actual = try run(kernels, threads: threads)
    try #require(actual.map(\.shape) == expected.map(\.shape))
    for (result, reference) in zip(actual, expected) {
      expectClose(result, reference, operation.exactness, depth: depth)
    }
  }
}

/// Expects `actual` to lie as near to `expected` as `exactness` allows.
///
/// Sums of `depth` products in another order may differ by 2⁻²² · √depth of the largest value.
func expectClose(
  _ actual: Tensor, _ expected: Tensor, _ exactness: Exactness, depth: Int = 1,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  switch exactness {
  case .bitExact:
    #expect(actual == expected, sourceLocation: sourceLocation)
  case .reassociates:
    let limit = 0x1p-22 * Float(depth).squareRoot()
    let difference = largestDifference(actual, expected)
    #expect(difference <= limit, sourceLocation: sourceLocation)
  case .ulps(let count):
    let pairs = zip(actual.floatArray, expected.floatArray)
    let isClose = pairs.allSatisfy { abs($0 - $1) <= Float(count) * $1.ulp }
    #expect(isClose, sourceLocation: sourceLocation)
  }
}

/// The largest difference over the largest magnitude of `expected`.
func largestDifference(_ actual: Tensor, _ expected: Tensor) -> Float {
  var difference: Float = 0
  var magnitude: Float = .leastNormalMagnitude
  for (left, right) in zip(actual.floatArray, expected.floatArray) {
    if left.isNaN != right.isNaN { return .infinity }
    if left == right || left.isNaN { continue }
    difference = max(difference, abs(left - right))
    magnitude = max(magnitude, abs(right))
  }
  return difference == 0 ? 0 : difference / max(magnitude, maximumMagnitude(expected))
}

private func maximumMagnitude(_ tensor: Tensor) -> Float {
  tensor.floatArray.reduce(0) { max($0, $1.isFinite ? abs($1) : 0) }
}
