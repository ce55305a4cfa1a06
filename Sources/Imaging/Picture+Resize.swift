/// How a picture is brought to another size.
public enum ResizeFilter: String, CaseIterable, Sendable {
  /// The sample under the centre of each new pixel.
  case nearest
  /// A triangle filter, widened when the picture shrinks so that nothing is skipped.
  case bilinear
}

extension Picture {
  /// The picture at another size; each channel on its own, so alpha does not weigh colours.
  ///
  /// With `r = old / new` along an axis, new pixel `i` has its centre at `c = (i + 0.5) r`.
  /// - `nearest`: old pixel `floor(c)`.
  /// - `bilinear`: the old pixels `j` weighted by `max(0, 1 - |j + 0.5 - c| / s)`, `s = max(1, r)`,
  ///   the weights scaled to sum to 1 and rounded to multiples of 2^-22; columns first, then rows,
  ///   each rounded to nearest, ties up. For 8-bit pictures bit-equal to Pillow's `BILINEAR`.
  /// - Parameters: width, height: the new size in pixels.
  /// - Throws: `corrupt` or `limitExceeded` when `limits` does not allow the new size.
  public func resized(
    width newWidth: Int, height newHeight: Int, filter: ResizeFilter,
    limits: ImagingLimits = ImagingLimits()
  ) throws(ImagingError) -> Picture {
    _ = try limits.pixelCount(width: newWidth, height: newHeight, in: "resize")
    _ = try limits.pixelCount(width: newWidth, height: height, in: "resize")
    let columns = ResizeAxis(from: width, to: newWidth, filter: filter)
    let rows = ResizeAxis(from: height, to: newHeight, filter: filter)
    let wide = resampled(samples, along: columns, outer: height, inner: channels)
    return Picture(
      width: newWidth, height: newHeight, channels: channels, bitDepth: bitDepth,
      samples: resampled(wide, along: rows, outer: 1, inner: newWidth * channels))
  }

  /// `[outer, old, inner]` to `[outer, new, inner]`.
  private func resampled(
    _ source: [UInt16], along axis: ResizeAxis, outer: Int, inner: Int
  ) -> [UInt16] {
    var result = [UInt16]()
    result.reserveCapacity(outer * axis.windows.count * inner)
    for block in 0..<outer {
      for window in axis.windows {
        let start = (block * axis.oldCount + window.first) * inner
        for position in 0..<inner {
          var sum = ResizeAxis.one / 2
          for (offset, weight) in window.weights.enumerated() {
            sum += weight * Int(source[start + offset * inner + position])
          }
          result.append(UInt16(min(sum / ResizeAxis.one, maximumSample)))
        }
      }
    }
    return result
  }
}

/// The weights of the old pixels in each new pixel along one axis.
private struct ResizeAxis {
  /// The integer that stands for a weight of 1.
  static let one = 1 << 22

  /// The old pixels from `first` on that one new pixel is made of.
  struct Window {
    let first: Int
    let weights: [Int]
  }

  let oldCount: Int
  let windows: [Window]

  init(from oldCount: Int, to newCount: Int, filter: ResizeFilter) {
    self.oldCount = oldCount
    windows = (0..<newCount).map { index in
      switch filter {
      case .nearest:
        Window(first: (2 * index + 1) * oldCount / (2 * newCount), weights: [Self.one])
      case .bilinear: Self.triangle(at: index, from: oldCount, to: newCount)
      }
    }
  }

  private static func triangle(at index: Int, from oldCount: Int, to newCount: Int) -> Window {
    let ratio = Double(oldCount) / Double(newCount)
    let support = max(1, ratio)
    let center = (Double(index) + 0.5) * ratio
    let first = max(0, Int(center - support + 0.5))
    let end = min(oldCount, Int(center + support + 0.5))
    let weights = (first..<end).map { old in
      max(0, 1 - abs((Double(old) - center + 0.5) * (1 / support)))
    }
    let total = weights.reduce(0, +)
    return Window(
      first: first,
      weights: weights.map { Int((($0 / total) * Double(one)).rounded(.toNearestOrAwayFromZero)) })
  }
}
