public import GraphIR
import TensorCore

extension VerifiedGraph {
  /// With how many bits a node multiplies; nil for one that has no weights.
  ///
  /// `int8` where all pictures are `u8` and the weights `i8`, `bf16` where all are `bf16`, else
  /// `f32`.
  public func precision(of node: Node) -> Precision? {
    switch node.operation {
    case is Convolution, is Dense, is PartialConvolution3D: return .float32
    case let operation as PartialConvolution:
      let arguments = operation.arguments(node.inputs)
      let pictures = Set(arguments.pictures.map { type(of: $0).elementType })
      switch (pictures, type(of: arguments.weights).elementType) {
      case ([.uint8], .int8): return .int8
      case ([.bfloat16], .bfloat16): return .bfloat16
      default: return .float32
      }
    default: return nil
    }
  }
}
