import GraphIR
import GraphPasses
import GraphReference
import TensorCore
import Testing

/// Runs the same inputs through a graph before and after passes.
struct PassCheck {
  let before: VerifiedGraph
  let after: VerifiedGraph
  let exactness: PassExactness
  /// Largest difference over the largest magnitude, where bits may differ.
  var tolerance: Float = 1e-6

  /// Expects equal outputs for binary and for fractional masks, as far as `exactness` promises.
  ///
  /// Inputs whose names start with `mask` are masks; each of their channels has holes of its own.
  func run(seed: UInt64, sourceLocation: SourceLocation = #_sourceLocation) throws {
    for fractions in [false, true] {
      var random = SeededGenerator(seed: seed)
      let inputs = inputs(fractions: fractions, using: &random)
      let expected = try Interpreter(before).run(inputs)
      let actual = try Interpreter(after).run(inputs)
      #expect(actual.map(\.name) == expected.map(\.name), sourceLocation: sourceLocation)
      let isExact = exactness == .exact || exactness == .exactForIntegers && !fractions
      for (result, reference) in zip(actual, expected) {
        let comment: Comment =
          "seed \(seed), output '\(result.name)', \(fractions ? "fractional" : "binary") masks"
        #expect(
          result.tensor.shape == reference.tensor.shape, comment, sourceLocation: sourceLocation)
        if isExact {
          #expect(result.tensor == reference.tensor, comment, sourceLocation: sourceLocation)
        } else {
          let difference = largestDifference(result.tensor, reference.tensor)
          #expect(difference <= tolerance, comment, sourceLocation: sourceLocation)
        }
      }
    }
  }

  private func inputs(
    fractions: Bool, using random: inout SeededGenerator
  ) -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    for input in before.graph.inputs {
      let shape = input.type.dimensions.map(Self.length)
      inputs[input.name] =
        input.name.hasPrefix("mask")
        ? random.mask(shape, fractions: fractions) : random.tensor(shape)
    }
    return inputs
  }

  private static func length(_ dimension: Dimension) -> Int {
    guard case .symbolic(let symbol, _, _, _) = dimension else { return dimension.fixedValue ?? 1 }
    let least = ["N": 2, "H": 8][symbol.name] ?? 11
    let multiples = (least + symbol.multiple - 1) / symbol.multiple
    return dimension.evaluated([symbol.name: multiples * symbol.multiple]) ?? 1
  }
}

/// The largest difference over the largest magnitude of `reference`; infinite where one alone is NaN.
func largestDifference(_ tensor: Tensor, _ reference: Tensor) -> Float {
  var difference: Float = 0
  var magnitude: Float = .leastNormalMagnitude
  for (value, wanted) in zip(tensor.floatArray, reference.floatArray) {
    if value.isNaN != wanted.isNaN { return .infinity }
    if value == wanted || value.isNaN { continue }
    difference = max(difference, abs(value - wanted))
  }
  for wanted in reference.floatArray where wanted.isFinite {
    magnitude = max(magnitude, abs(wanted))
  }
  return difference / magnitude
}
