public import TensorCore

/// How far a kernel's result may lie from the scalar meaning of its operation.
public enum Exactness: Hashable, Sendable {
  /// Every bit agrees.
  case bitExact
  /// Sums may be taken in another order, so results differ by rounding of the sum.
  case reassociates
  /// An elementary function, within this many units in the last place.
  case ulps(Int)
}

/// An operation of the graph. Stored properties are its attributes; `evaluate` is its meaning.
///
/// The text form and the model file store operations by mnemonic and attributes alone, so a new
/// operation is one file and one line in `OperationRegistry.all`.
public protocol Operation: Sendable {
  /// The name in the text form, in snake case.
  static var mnemonic: String { get }

  /// Reads the attributes that `attributes` writes.
  init(reading attributes: inout AttributeReader) throws(GraphError)

  var attributes: Attributes { get }

  var exactness: Exactness { get }

  /// The types of the results, for symbolic and for fixed sizes alike.
  ///
  /// - Throws: `GraphError` when the count, element type or shape of the inputs does not fit.
  func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType]

  /// The scalar meaning: results for inputs whose types `resultTypes` accepted.
  ///
  /// Dot products and means accumulate in f64 and round once; everything else is f32, operation by
  /// operation, in the order written.
  func evaluate(_ inputs: [Tensor]) -> [Tensor]
}

extension Operation {
  public var mnemonic: String { Self.mnemonic }

  public func isEqual(to other: any Operation) -> Bool {
    mnemonic == other.mnemonic && attributes == other.attributes
  }
}
