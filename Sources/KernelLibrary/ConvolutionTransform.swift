/// How a convolution is cut into tiles and terms of one form each, whose outputs are added.
package struct ConvolutionTransform: Hashable, Sendable {
  /// Every `stride`-th row and column of a picture, from `phase`, and the taps that meet them.
  package struct Source: Hashable, Sendable {
    /// The picture, as index among the convolution's parts.
    package let part: Int
    /// Its channels among those of the weights.
    package let channels: Range<Int>
    /// The first tap along rows and columns, of every `stride`-th.
    package let phase: [Int]
    /// Taps along rows and columns.
    package let taps: [Int]
    /// Row and column of the first window's first datum, from the picture's corner.
    package let first: [Int]

    package init(
      part: Int, channels: Range<Int>, phase: [Int], taps: [Int], first: [Int]
    ) {
      self.part = part
      self.channels = channels
      self.phase = phase
      self.taps = taps
      self.first = first
    }
  }

  /// Sources of one form. Their channels are one long depth of the form's matrix products.
  package struct Term: Hashable, Sendable {
    package let form: TransformForm
    /// Rows or columns between data of one window, and between taps.
    package let stride: Int
    package let sources: [Source]

    package init(form: TransformForm, stride: Int, sources: [Source]) {
      self.form = form
      self.stride = stride
      self.sources = sources
    }

    /// Rows or columns from one window to the next.
    var advance: Int { form.outputs * stride / form.upsampling }

    /// Whether the weights of `source` touch the values that belong to infinity along rows or
    /// columns as said: taps that are fewer than the form's do not.
    func isLive(_ source: Source, atInfinity: [Bool]) -> Bool {
      (0..<2).allSatisfy { !atInfinity[$0] || source.taps[$0] == form.taps }
    }

    /// Channels of all sources that are live there.
    package func depth(atInfinity: [Bool]) -> Int {
      sources.reduce(0) {
        $0 + (isLive($1, atInfinity: atInfinity) ? $1.channels.count : 0)
      }
    }

    /// For each product in two dimensions, whether its value belongs to infinity.
    var infinities: [[Bool]] {
      form.valueOfProduct.flatMap { row in
        form.valueOfProduct.map { [row == form.values - 1, $0 == form.values - 1] }
      }
    }

    /// Multiply-adds for one output channel of one window.
    package var productDepth: Int { infinities.reduce(0) { $0 + depth(atInfinity: $1) } }
  }

  package let terms: [Term]
  /// Rows and columns of a tile of outputs.
  package let side: Int
  /// Row and column of the first tile's first output, 0 or less.
  package let origin: Int

  package init(terms: [Term], side: Int, origin: Int) {
    precondition(
      terms.allSatisfy { side % $0.form.outputs == 0 } && origin <= 0 && origin > -side,
      "tiles that no form divides")
    self.terms = terms
    self.side = side
    self.origin = origin
  }

  /// The names of the forms, for reports.
  package var name: String { terms.map(\.form.name).joined(separator: " + ") }

  /// Tiles along an axis of `length` outputs.
  package func tileCount(_ length: Int) -> Int { (length - origin + side - 1) / side }

  /// Windows of a term over `[height, width]` outputs.
  package func windowCount(_ term: Term, height: Int, width: Int) -> Int {
    let outputs = term.form.outputs
    return (height - origin + outputs - 1) / outputs * ((width - origin + outputs - 1) / outputs)
  }

  /// Multiply-adds of a term for one output channel of `[height, width]` outputs.
  ///
  /// A window that lies partly below the picture has all columns of products.
  package func multiplyAdds(_ term: Term, height: Int, width: Int) -> Int {
    let form = term.form
    let rows = (0..<form.products).map { form.windowCount(height - origin, product: $0) }
    let columns = (0..<form.products).map { form.windowCount(width - origin, product: $0) }
    let (whole, widest) = ((height - origin) / form.outputs, columns.max() ?? 0)
    return term.infinities.enumerated().reduce(0) { sum, item in
      let (row, column) = (item.offset / form.products, item.offset % form.products)
      let windows = whole * columns[column] + (rows[row] - whole) * widest
      return sum + windows * term.depth(atInfinity: item.element)
    }
  }

  /// Transformed weights for each output channel.
  package var weightsPerOutput: Int { terms.reduce(0) { $0 + $1.productDepth } }
}
