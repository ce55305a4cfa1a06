/// Every operation that the text form and the model file may name.
public enum OperationRegistry {
  public static let all: [any Operation.Type] = [
    Add.self,
    BatchNormalization.self,
    ChangeLayout.self,
    Clip.self,
    Concat.self,
    Convolution.self,
    Dense.self,
    Divide.self,
    Equal.self,
    ExpandChannels.self,
    Exponential.self,
    Fill.self,
    Flatten.self,
    GlobalAverage.self,
    LeakyReLU.self,
    Multiply.self,
    Narrow.self,
    OnesPlane.self,
    Pad.self,
    PartialConvolution.self,
    PartialConvolution3D.self,
    Pool.self,
    ReLU.self,
    ResizeNearest.self,
    Select.self,
    Sigmoid.self,
    SliceChannels.self,
    Subtract.self,
    Tanh.self,
    UpsampleNearest.self,
  ]

  /// Creates the operation `mnemonic` with `attributes`.
  ///
  /// - Throws: `GraphError.unknownOperation`, or `.badAttribute` for a wrong, missing or extra one.
  public static func make(
    _ mnemonic: String, _ attributes: Attributes
  ) throws(GraphError) -> any Operation {
    guard let type = all.first(where: { $0.mnemonic == mnemonic }) else {
      throw GraphError(.unknownOperation, "no operation is called '\(mnemonic)'")
    }
    return try make(type, attributes)
  }

  private static func make<Made: Operation>(
    _ type: Made.Type, _ attributes: Attributes
  ) throws(GraphError) -> Made {
    var reader = AttributeReader(attributes, of: type.mnemonic)
    let operation = try type.init(reading: &reader)
    try reader.finish()
    return operation
  }
}
