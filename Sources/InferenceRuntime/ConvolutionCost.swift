import GraphIR
import KernelLibrary
import TensorCore

/// What a way of computing a convolution costs, in `f32` multiply-adds at the rate of a register
/// tile.
///
/// Shapes alone decide, so a model runs the same way everywhere. Two rates besides the
/// multiply-adds matter: weights stream from memory once per run, and transforms move data and
/// sums.
struct ConvolutionCost: Sendable {
  /// Multiply-adds in the time in which a byte of weights arrives from memory.
  private static let perWeightByte = 5.0
  /// For making a value of transformed data, in whole vectors of channels.
  private static let perValue = 10.0
  private static let vector = 16
  /// For summing up a product of transformed data.
  private static let perProduct = 4.0
  /// For writing an output.
  private static let perOutput = 16.0

  let output: ValueLayout
  let arithmetic: Arithmetic

  /// Multiply-adds of the numbers that are multiplied; they are the faster, the smaller these are.
  private var perMultiplyAdd: Double { Double(numberSize) / 4 }

  /// For a weight that streams from memory.
  private var perWeight: Double { Double(numberSize) * Self.perWeightByte }

  private var numberSize: Int { arithmetic.pictureType.byteCount }

  /// The sums as they are written: `taps` weights meet each output of each output channel.
  func direct(taps: Int) -> Double {
    Double(taps * output.channels) * (Double(output.pixelCount) * perMultiplyAdd + perWeight)
      + Double(output.elementCount) * Self.perOutput
  }

  /// Upsampled parts at their own resolution: of nine taps of `low` channels a quarter each.
  func split(low: Int, high: Int) -> Double {
    direct(taps: 9 * high) + Double(9 * low * output.channels)
      * (Double(output.pixelCount) / 4 * perMultiplyAdd + perWeight)
      + Double(4 * output.elementCount)
  }

  func transformed(_ transform: ConvolutionTransform) -> Double {
    let channels = Double(output.channels)
    return transform.terms.reduce(Double(output.elementCount) * Self.perOutput) { cost, term in
      let windows = Double(
        output.images
          * transform.windowCount(term, height: output.height, width: output.width))
      let vectors = term.sources.reduce(0) {
        $0 + ($1.channels.count + Self.vector - 1) / Self.vector
      }
      let values = Double(term.form.values * term.form.values * vectors * Self.vector)
      let products = Double(term.form.products * term.form.products)
      let weights = Double(term.productDepth) * channels
      return cost + windows * (weights * perMultiplyAdd + values * Self.perValue)
        + windows * products * channels * Self.perProduct + weights * perWeight
    }
  }
}
