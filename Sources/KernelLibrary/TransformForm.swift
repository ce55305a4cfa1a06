import CKernels

/// A convolution of few taps along one axis as products at points (Toom-Cook).
///
/// `y = A ((G w) ⊙ (B x))` with a window of data x and `taps` weights w. With M the product of `t -
/// a` over the finite points a, B holds the coefficients of `M / (t - a_k)` and of M, G the powers
/// `a_k^i / M'(a_k)`, and A the powers `a_k^j`; infinity takes the last coefficient. All three are
/// written out in C.
/// - Source: Winograd 1980; Lavin and Gray 2016 (arXiv 1509.09308) for two dimensions.
package struct TransformForm: Hashable, Sendable {
  /// Where the polynomials are evaluated, besides 0 and infinity: what decides how coarsely a form
  /// rounds.
  package enum Points: Sendable {
    /// 1, -1, i and -i: data and products are only added, and round as direct sums do.
    case units
    /// ±√½ and ±√2.
    case roots
    /// ±1, ±2 and ±½.
    case powers
  }

  /// The name in the table of C functions.
  package let name: String
  /// Data that one window reads.
  package let window: Int
  /// Values that it becomes.
  package let values: Int
  package let products: Int
  package let outputs: Int
  package let taps: Int
  /// The value that each product multiplies.
  package let valueOfProduct: [Int]
  /// The products that each output takes, as bits.
  private let productsOfOutput: [UInt8]
  /// Repetitions of each datum before the taps see it.
  package let upsampling: Int
  package let points: Points
  let row: Int

  /// 2 outputs of 2 taps at 0, 1 and infinity.
  package static let f2x2 = TransformForm("f2x2")
  /// 2 outputs of 3 taps at 0, 1, -1 and infinity.
  package static let f2x3 = TransformForm("f2x3")
  /// 3 outputs of 2 taps at 0, 1, -1 and infinity.
  package static let f3x2 = TransformForm("f3x2")
  /// 4 outputs of 3 taps at 0, ±√½, ±√2 and infinity.
  package static let f4x3 = TransformForm("f4x3", points: .roots)
  /// 3 outputs of 4 taps at the same points.
  package static let f3x4 = TransformForm("f3x4", points: .roots)
  /// 6 outputs of 3 taps at 0, ±1, ±2, ±½ and infinity.
  package static let f6x3 = TransformForm("f6x3", points: .powers)
  /// 4 outputs of 3 taps at 0, 1, -1, i, -i and infinity.
  ///
  /// Weights and data are real, so the values at -i are the conjugates of those at i, and the
  /// complex product takes three real ones: of the real parts, the imaginary parts, and their sums.
  /// - Source: Meng and Brothers 2019 (arXiv 1901.01965).
  package static let c4x3 = TransformForm("c4x3")
  /// 4 outputs of 3 taps over data of which each is repeated twice, from the second repetition on.
  ///
  /// `y_odd[i-1] = (w0+w1) x[i-1] + w2 x[i]` and `y_even[i] = w0 x[i-1] + (w1+w2) x[i]` read one
  /// window, and at the point 1 both pairs of taps add up to w0+w1+w2, so they share that product.
  package static let up2 = TransformForm("up2", upsampling: 2)
  /// 6 outputs of the same kind, each pair of taps also at -1.
  package static let up3 = TransformForm("up3", upsampling: 2)

  private init(_ name: String, upsampling: Int = 1, points: Points = .units) {
    var count = 0
    guard let table = unsafe pc_transform_forms(&count),
      let row = (0..<count).first(where: { unsafe String(cString: table[$0].name) == name })
    else { preconditionFailure("there is no form \(name)") }
    self.row = row
    self.name = name
    let size = unsafe table[row]
    window = unsafe size.window
    values = unsafe size.values
    products = unsafe size.products
    outputs = unsafe size.outputs
    taps = unsafe size.taps
    valueOfProduct = unsafe withUnsafeBytes(of: size.value_of_product) { bytes in
      unsafe Array(bytes.bindMemory(to: Int.self).prefix(size.products))
    }
    productsOfOutput = unsafe withUnsafeBytes(of: size.products_of_output) { bytes in
      unsafe Array(bytes.prefix(size.outputs))
    }
    self.upsampling = upsampling
    self.points = points
  }

  /// Windows along an axis of `length` outputs that a product is taken of: one that is not all in
  /// it counts where outputs in it take the product.
  func windowCount(_ length: Int, product: Int) -> Int {
    let whole = length / outputs
    let takes = productsOfOutput.prefix(length % outputs).contains { $0 >> product & 1 == 1 }
    return takes ? whole + 1 : whole
  }
}
