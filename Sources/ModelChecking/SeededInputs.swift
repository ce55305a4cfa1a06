package import GraphIR
import Imaging
package import TensorCore

/// Inputs for a network that follow from a seed: noise, and irregular masks.
package enum SeededInputs {
  private static let largestElementCount = 1 << 28

  /// Shapes of a network's inputs for pictures near `size`, of `batch` items.
  ///
  /// - Throws: `.unsupported` when an input has symbols that are no size of a picture, or is too
  ///   large.
  package static func shapes(
    _ graph: VerifiedGraph, batch: Int, height: Int, width: Int
  ) throws(CheckError) -> [String: [Int]] {
    let values = graph.symbolValues(batch: batch, height: height, width: width)
    var shapes: [String: [Int]] = [:]
    for input in graph.graph.inputs {
      let lengths = input.type.dimensions.map { $0.evaluated(values) }
      guard !lengths.contains(where: { ($0 ?? 0) < 1 }) else {
        throw CheckError(
          .unsupported, "input '\(input.name)' \(input.type) cannot be made up: give its array")
      }
      let shape = lengths.compactMap(\.self)
      guard saturatingProduct(shape) <= largestElementCount else {
        throw CheckError(
          .unsupported,
          "input '\(input.name)' \(input.type) would have too many values: "
            + "give its array, or choose another --size")
      }
      shapes[input.name] = shape
    }
    return shapes
  }

  /// Arrays of these shapes; the input called `mask` is 1 where valid, its holes a share of 0.1 to
  /// 0.4, and pictures of the mask's shape are 0 in holes.
  package static func arrays(
    _ graph: VerifiedGraph, shapes: [String: [Int]], seed: UInt64
  ) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    var numbers = SeededNumbers(seed: seed)
    for input in graph.graph.inputs {
      guard let shape = shapes[input.name] else { continue }
      result[input.name] =
        input.name == "mask" && shape.count == 4
        ? mask(shape, input.type.layout, seed: numbers.next()) : noise(shape, &numbers)
    }
    if let mask = result["mask"], let image = result["image"], mask.shape == image.shape {
      result["image"] = Tensor(
        zip(image.floatArray, mask.floatArray).map { $0 * $1 }, shape: image.shape)
    }
    return result
  }

  private static func noise(_ shape: [Int], _ numbers: inout SeededNumbers) -> Tensor {
    let count = Tensor.elementCount(of: shape)
    return Tensor((0..<count).map { _ in Float(numbers.number(in: 0...1)) }, shape: shape)
  }

  private static func mask(_ shape: [Int], _ layout: Layout, seed: UInt64) -> Tensor {
    let isLast = layout == .nhwc
    let (height, width, channels) =
      isLast ? (shape[1], shape[2], shape[3]) : (shape[2], shape[3], shape[1])
    var generator = IrregularMask(width: width, height: height, seed: seed)
    var values: [Float] = []
    for _ in 0..<shape[0] {
      let plane = generator.next(ratio: 0.1...0.4, reachesBorder: true).validity
      for _ in 0..<channels { values += plane }
    }
    let planes = Tensor(values, shape: [shape[0], channels, height, width])
    return isLast ? planes.transposed([0, 2, 3, 1]) : planes
  }
}

/// The product of lengths of at least 0, or the largest integer when it is larger than that.
func saturatingProduct(_ lengths: some Sequence<Int>) -> Int {
  lengths.reduce(1) { product, length in
    let (result, isOverflow) = product.multipliedReportingOverflow(by: length)
    return isOverflow ? .max : result
  }
}
