package import GraphIR
package import TensorCore

/// Where a pixel lies with respect to the holes of its mask.
package enum Region: String, CaseIterable, Sendable {
  /// The mask is not 1 in every channel.
  case hole
  /// Valid, and within reach of a hole.
  case rim
  /// Valid, and far from every hole.
  case valid
}

/// The region of every pixel of a batch of masks.
package struct RegionMap: Sendable {
  package let images: Int
  package let height: Int
  package let width: Int
  /// `[images, height, width]` in C order.
  package let regions: [Region]

  /// Valid pixels at most `reach` rows and columns from a hole are the rim.
  ///
  /// - Parameter mask: `f32`, 1 where valid, `[N, C, H, W]` or `[N, H, W, C]`; nil is returned for
  ///   other shapes.
  package init?(mask: Tensor, layout: Layout, reach: Int) {
    guard mask.shape.count == 4, layout != .plain, mask.elementCount > 0 else { return nil }
    let isLast = layout == .nhwc
    let channels = mask.shape[isLast ? 3 : 1]
    images = mask.shape[0]
    height = mask.shape[isLast ? 1 : 2]
    width = mask.shape[isLast ? 2 : 3]
    let area = height * width
    let values = mask.floats
    var isHole = [Bool](repeating: false, count: images * area)
    for index in values.indices where values[index] != 1 {
      let pixel =
        isLast ? index / channels : index / (channels * area) * area + index % area
      isHole[pixel] = true
    }
    var regions: [Region] = []
    regions.reserveCapacity(isHole.count)
    for image in 0..<images {
      let holes = Array(isHole[image * area..<(image + 1) * area])
      regions += Self.regions(holes, height: height, width: width, reach: max(reach, 0))
    }
    self.regions = regions
  }

  /// Whether an array of this shape and layout has these pixels.
  package func fits(_ shape: [Int], _ layout: Layout) -> Bool {
    guard shape.count == 4 else { return false }
    switch layout {
    case .nchw: return [shape[0], shape[2], shape[3]] == [images, height, width]
    case .nhwc: return [shape[0], shape[1], shape[2]] == [images, height, width]
    case .plain: return false
    }
  }

  /// The pixel of an element of an array that fits and has `channels` channels.
  package func pixel(of element: Int, channels: Int, _ layout: Layout) -> Int {
    let area = height * width
    return layout == .nhwc
      ? element / channels : element / (channels * area) * area + element % area
  }

  private static func regions(
    _ holes: [Bool], height: Int, width: Int, reach: Int
  ) -> [Region] {
    let stride = width + 1
    var sums = [Int](repeating: 0, count: (height + 1) * stride)
    for row in 0..<height {
      for column in 0..<width {
        sums[(row + 1) * stride + column + 1] =
          sums[row * stride + column + 1] + sums[(row + 1) * stride + column]
          - sums[row * stride + column] + (holes[row * width + column] ? 1 : 0)
      }
    }
    return holes.indices.map { pixel in
      if holes[pixel] { return .hole }
      let top = max(pixel / width - reach, 0)
      let bottom = min(pixel / width + reach + 1, height)
      let left = max(pixel % width - reach, 0)
      let right = min(pixel % width + reach + 1, width)
      let near =
        sums[bottom * stride + right] - sums[top * stride + right]
        - sums[bottom * stride + left] + sums[top * stride + left]
      return near > 0 ? .rim : .valid
    }
  }
}
