import GraphIR
import TensorCore
import Testing

/// A tensor of `[1, channels, rows, columns]` whose elements count up from 1.
func counting(_ channels: Int, _ rows: Int, _ columns: Int) -> Tensor {
  Tensor(
    (0..<channels * rows * columns).map { Float($0 + 1) }, shape: [1, channels, rows, columns])
}

/// Expects that `operation` makes one tensor of these values.
func expect(
  _ operation: any GraphIR.Operation, of inputs: [Tensor], gives values: [Float], shape: [Int],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let results = operation.evaluate(inputs)
  #expect(results.count == 1, sourceLocation: sourceLocation)
  #expect(results[0].shape == shape, sourceLocation: sourceLocation)
  #expect(results[0].floatArray == values, sourceLocation: sourceLocation)
}
