package import GraphIR
package import KernelLibrary

extension PartialConvolution {
  /// The transforms that compute this convolution and that `tier` allows.
  ///
  /// - Parameters:
  ///   - window: its kernel, stride and padding.
  ///   - channels: of each part. Pairs of `bf16` channels and fours of `u8` ones are multiplied at
  ///     once, so none may be left over.
  package func transforms(
    window: Window, channels: [Int], arithmetic: Arithmetic = .float32, tier: NumericTier
  ) -> [ConvolutionTransform] {
    guard arithmetic.hasTransforms(of: channels), convolution.groups == 1,
      window.dilation == [1, 1],
      window.kernel[0] == window.kernel[1], window.stride[0] == window.stride[1],
      activation.isPiecewiseLinear
    else { return [] }
    let list = TransformList(operation: self, window: window, channels: channels)
    let points = tier.points(arithmetic)
    return list.all.filter { $0.terms.allSatisfy { points.contains($0.form.points) } }
  }
}

extension Arithmetic {
  fileprivate func hasTransforms(of channels: [Int]) -> Bool {
    switch self {
    case .float32: true
    case .bfloat16: channels.allSatisfy { $0.isMultiple(of: 2) }
    case .integer8: channels.allSatisfy { $0.isMultiple(of: 4) }
    }
  }
}

extension NumericTier {
  /// The points of the forms that are allowed over pictures of such numbers: fewer bits than those
  /// of `f32` are too few for the last ones.
  fileprivate func points(_ arithmetic: Arithmetic) -> [TransformForm.Points] {
    switch (self, arithmetic) {
    case (.exact, .bfloat16), (.exact, .integer8): []
    case (.exact, .float32), (.near, .bfloat16), (.near, .integer8): [.units]
    case (.near, .float32), (.fast, .bfloat16), (.fast, .integer8): [.units, .roots]
    case (.fast, .float32): [.units, .roots, .powers]
    }
  }
}

extension Activation {
  /// Whether the transforms' epilogue computes it.
  fileprivate var isPiecewiseLinear: Bool {
    switch self {
    case .none, .relu, .leakyReLU: true
    case .sigmoid, .tanh: false
    }
  }
}

/// The transforms of one convolution.
private struct TransformList {
  /// Rows of a tile: larger ones compute too much around a hole.
  private static let sides = 4...6

  let operation: PartialConvolution
  let window: Window
  let channels: [Int]

  var all: [ConvolutionTransform] {
    switch (window.kernel[0], window.stride[0]) {
    case (3, 1): stepwise
    case (3, 2): [.f2x2, .f3x2].compactMap(strided)
    case (5, 2): [.f2x3, .c4x3, .f4x3, .f6x3].compactMap(strided)
    case (7, 2): [.f3x4].compactMap(strided)
    default: []
    }
  }

  /// Stride 1: a term for the parts as they are and one for the upsampled ones.
  private var stepwise: [ConvolutionTransform] {
    let factors = Set(operation.parts.map(\.upsampling))
    guard factors.isSubset(of: [1, 2]) else { return [] }
    guard factors.contains(2) else {
      return Self.stepwiseForms.map { transform([term($0, origin: 0)]) }
    }
    guard window.padding == [1, 1, 1, 1] else { return [] }
    return [TransformForm.up2, .up3].flatMap { form in
      let upsampled = ConvolutionTransform.Term(
        form: form, stride: 1, sources: sources(upsampling: 2) { _ in -1 })
      guard factors.contains(1) else { return [transform([upsampled], origin: -1)] }
      return Self.stepwiseForms
        .map { transform([upsampled, term($0, origin: -1)], origin: -1) }
        .filter { Self.sides.contains($0.side) }
    }
  }

  private static let stepwiseForms: [TransformForm] = [.f2x3, .c4x3, .f4x3, .f6x3]

  /// Stride 2: the four phases of every part are sources of one term.
  private func strided(_ form: TransformForm) -> ConvolutionTransform? {
    guard operation.parts.allSatisfy({ $0.upsampling == 1 }) else { return nil }
    return transform([term(form, origin: 0)])
  }

  /// In the smallest tiles that all terms divide.
  private func transform(
    _ terms: [ConvolutionTransform.Term], origin: Int = 0
  ) -> ConvolutionTransform {
    let side = terms.reduce(1) { Self.commonMultiple($0, $1.form.outputs) }
    return ConvolutionTransform(
      terms: terms, side: side < Self.sides.lowerBound ? 2 * side : side, origin: origin)
  }

  private static func commonMultiple(_ first: Int, _ second: Int) -> Int {
    (1...second).lazy.map { $0 * first }.first { $0 % second == 0 } ?? first * second
  }

  private func term(_ form: TransformForm, origin: Int) -> ConvolutionTransform.Term {
    let stride = window.stride[0]
    return ConvolutionTransform.Term(
      form: form, stride: stride,
      sources: sources(upsampling: 1) { stride * origin - window.padding[$0] })
  }

  /// - Parameter first: along rows and columns, where the first window of the phase 0 begins.
  private func sources(
    upsampling: Int, first: (Int) -> Int
  ) -> [ConvolutionTransform.Source] {
    let (kernel, stride) = (window.kernel[0], window.stride[0])
    var sources: [ConvolutionTransform.Source] = []
    for row in 0..<stride {
      for column in 0..<stride {
        var next = 0
        for (part, count) in channels.enumerated() {
          defer { next += count }
          guard operation.parts[part].upsampling == upsampling else { continue }
          sources.append(
            ConvolutionTransform.Source(
              part: part, channels: next..<next + count, phase: [row, column],
              taps: [row, column].map { (kernel - $0 + stride - 1) / stride },
              first: [first(0) + row, first(1) + column]))
        }
      }
    }
    return sources
  }
}
