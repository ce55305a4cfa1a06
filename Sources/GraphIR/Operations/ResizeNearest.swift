public import TensorCore

/// Resizes the first input to the rows and columns of the second, as PyTorch's `nearest` does.
///
/// `y[i] = x[min(floor(i · s), in - 1)]` with `s = in / out` rounded to f32 and the product in f32.
/// - Source: PyTorch aten/src/ATen/native/UpSample.h, nearest_neighbor_compute_source_index.
public struct ResizeNearest: Operation {
  public static let mnemonic = "resize_nearest"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 2...2)
    for input in inputs { try requireImage(input) }
    var result = inputs[0]
    result.dimensions[2...] = inputs[1].dimensions[2...]
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let (from, to) = (inputs[0].shape, inputs[1].shape)
    return [
      gather(inputs[0], to[2], to[3]) {
        (
          Self.sourceIndex($0, from: from[2], to: to[2]),
          Self.sourceIndex($1, from: from[3], to: to[3])
        )
      }
    ]
  }

  /// The input position that output position `index` repeats.
  public static func sourceIndex(_ index: Int, from input: Int, to output: Int) -> Int {
    let scale = Float(input) / Float(output)
    return min(Int((Float(index) * scale).rounded(.down)), input - 1)
  }
}
