import Foundation
package import GraphIR
package import TensorCore

/// The squared difference of outputs where the mask input has holes; everywhere without a mask.
package struct HoleError {
  /// What an error of 1 is against: samples of pictures in 0...1, or the largest value expected.
  package enum Scale: Sendable {
    /// Outputs are pictures; each channel times its factor is in 0...1.
    case picture(factors: [Float])
    case largestMagnitude
  }

  private var squares = 0.0
  private var count = 0
  private var largest: Float = 0
  private let scale: Scale

  package init(_ scale: Scale) { self.scale = scale }

  /// Peak signal to noise, in dB; infinite for equal outputs.
  package var psnr: Double {
    guard squares > 0, count > 0 else { return squares.isNaN ? -.infinity : .infinity }
    var peak = 1.0
    if case .largestMagnitude = scale { peak = Double(largest) }
    return 10 * log10(peak * peak * Double(count) / squares)
  }

  /// Adds the first output of one run, `[N, C, H, W]` where it is a picture.
  ///
  /// - Parameter mask: of the network's input, 1 where valid; nil when it takes none.
  package mutating func add(_ actual: Tensor, _ expected: Tensor, mask: Tensor?) {
    let (values, wanted) = (actual.floatArray, expected.floatArray)
    let shape = expected.shape
    let factors = factors(channels: shape.count == 4 ? shape[1] : 1)
    let holes = mask.flatMap { Self.holes($0, of: shape) }
    let area = shape.count == 4 ? shape[2] * shape[3] : values.count
    for index in values.indices {
      if let holes, !holes[index / (area * shape[1]) * area + index % area] { continue }
      let factor = factors[index / area % factors.count]
      let difference = Double((values[index] - wanted[index]) * factor)
      squares += difference * difference
      count += 1
      largest = max(largest, abs(wanted[index]))
    }
  }

  private func factors(channels: Int) -> [Float] {
    guard case .picture(let factors) = scale, factors.count == channels else { return [1] }
    return factors
  }

  /// For each pixel `[N, H, W]` whether any channel of the mask is not 1; nil when sizes differ.
  private static func holes(_ mask: Tensor, of shape: [Int]) -> [Bool]? {
    guard shape.count == 4, mask.shape.count == 4, mask.shape[0] == shape[0],
      mask.shape[2...] == shape[2...]
    else { return nil }
    let (values, area, channels) = (mask.floatArray, shape[2] * shape[3], mask.shape[1])
    return (0..<shape[0] * area).map { pixel in
      (0..<channels).contains { channel in
        values[(pixel / area * channels + channel) * area + pixel % area] != 1
      }
    }
  }
}

extension Tensor {
  /// A picture in the graph's order of axes; other tensors as they are.
  package func channelsFirst(_ layout: Layout) -> Tensor {
    layout == .nhwc && shape.count == 4 ? transposed([0, 3, 1, 2]) : self
  }
}
