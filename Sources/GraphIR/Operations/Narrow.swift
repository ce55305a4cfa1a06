public import TensorCore

/// Stores an `f32` picture `[N, C, H, W]` as `bf16` or, quantised, as `u8`.
///
/// Only a `partial_conv` reads such a picture.
public struct Narrow: Operation {
  public static let mnemonic = "narrow"
  public let storage: PictureStorage

  public init(to storage: PictureStorage) { self.storage = storage }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    storage = try PictureStorage(reading: &attributes)
    guard storage != .float32 else {
      throw GraphError(.badAttribute, "narrow does not say how its output is stored")
    }
  }

  public var attributes: Attributes { storage.attributes }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    var result = inputs[0]
    result.elementType = storage.elementType
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] { [storage.store(inputs[0])] }
}
