import GraphIR

/// Which places along one axis belong to a place of another: all from `⌊(p · step + first) / unit⌋`
/// to `⌊(p · step + last) / unit⌋`.
struct AxisReach: Hashable, Sendable {
  var step = 1
  var first = 0
  var last = 0
  var unit = 1

  func first(of place: Int) -> Int { Self.floor(place * step + first, unit) }
  func last(of place: Int) -> Int { Self.floor(place * step + last, unit) }

  /// The places of `place` inside `0..<count`.
  func places(of place: Int, count: Int) -> Range<Int> {
    let lower = min(max(first(of: place), 0), count)
    return lower..<max(min(last(of: place) + 1, count), lower)
  }

  /// The places that this assigns a place to, by that place.
  var inverse: AxisReach {
    AxisReach(step: unit, first: step - 1 - last, last: unit - 1 - first, unit: step)
  }

  /// What this assigns to the places that `outer` assigns, which are whole steps of 1.
  func following(_ outer: AxisReach) -> AxisReach {
    precondition(outer.unit == 1, "parts of places")
    return AxisReach(
      step: outer.step * step, first: outer.first * step + first, last: outer.last * step + last,
      unit: unit)
  }

  private static func floor(_ value: Int, _ divisor: Int) -> Int {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }
}

/// Which pixels of an operand belong to a pixel of a result, or the other way round.
struct PixelReach: Hashable, Sendable {
  var rows = AxisReach()
  var columns = AxisReach()

  /// Each pixel and itself.
  static let itself = PixelReach()

  init(rows: AxisReach = AxisReach(), columns: AxisReach = AxisReach()) {
    self.rows = rows
    self.columns = columns
  }

  /// The input pixels under the window of an output pixel, where each row and column of the input
  /// was repeated `upsampling` times.
  init(_ window: Window, upsampling: Int = 1) {
    let axis = { (axis: Int) in
      AxisReach(
        step: window.stride[axis], first: -window.padding[axis],
        last: window.extent(axis: axis) - 1 - window.padding[axis], unit: upsampling)
    }
    self.init(rows: axis(0), columns: axis(1))
  }

  var inverse: PixelReach { PixelReach(rows: rows.inverse, columns: columns.inverse) }

  func following(_ outer: PixelReach) -> PixelReach {
    PixelReach(
      rows: rows.following(outer.rows), columns: columns.following(outer.columns))
  }
}

extension Node {
  /// The pixels of the input at `index` that a pixel of the results follows from; nil for all.
  ///
  /// - Parameters:
  ///   - inputs: layouts of the node's inputs.
  ///   - output: layout of its result.
  func reach(of index: Int, _ inputs: [ValueLayout], _ output: ValueLayout) -> PixelReach? {
    guard inputs[index].frame.images == output.frame.images else { return nil }
    switch operation {
    case let layer as PartialConvolution: return layer.reach(of: index, inputs, output)
    case let layer as Convolution:
      return index == 0 ? PixelReach(layer.window(kernelShape: inputs[1].shape)) : nil
    case let pool as Pool: return PixelReach(pool.window)
    case let upsampling as UpsampleNearest:
      return PixelReach(
        rows: AxisReach(unit: upsampling.factor[0]), columns: AxisReach(unit: upsampling.factor[1]))
    case let pad as Pad where pad.mode == .zero:
      return PixelReach(
        rows: AxisReach(first: -pad.border[0], last: -pad.border[0]),
        columns: AxisReach(first: -pad.border[1], last: -pad.border[1]))
    case is any ElementwiseUnary, is any ElementwiseBinary, is Equal, is Select, is Narrow,
      is ChangeLayout, is Concat, is SliceChannels, is ExpandChannels:
      return inputs[index].frame == output.frame ? .itself : nil
    default: return nil
    }
  }
}

extension PartialConvolution {
  fileprivate func reach(
    of index: Int, _ inputs: [ValueLayout], _ output: ValueLayout
  ) -> PixelReach? {
    let places = arguments(Array(0..<inputCount))
    let window = convolution.window(kernelShape: inputs[places.weights].shape)
    for (part, (picture, mask)) in zip(parts, zip(places.pictures, places.masks))
    where index == picture || index == mask {
      return PixelReach(window, upsampling: part.upsampling)
    }
    return inputs[index].frame == output.frame ? .itself : nil
  }
}
