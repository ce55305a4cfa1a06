import GraphIR
import TensorCore

extension GraphAssembler {
  /// Adds a picture input in the framework's layout and gives it as `[N, C, H, W]`.
  mutating func addPicture(
    _ name: String, _ input: NetworkDescription.Input, _ size: [Dimension],
    _ description: NetworkDescription, _ scope: Scope
  ) throws(ImportError) -> ValueID {
    let channels = try scope.value(input.channels)
    guard (1...65_536).contains(channels) else {
      throw ImportError(.badDescription, "'\(name)' cannot have \(channels) channels")
    }
    var axes = size
    if let lengths = input.size {
      guard lengths.count == 2 else {
        throw ImportError(.badDescription, "'size' of '\(name)' must be rows and columns")
      }
      for (axis, length) in lengths.enumerated() {
        let length = try scope.value(length)
        guard length <= 65_536 else {
          throw ImportError(.badDescription, "the 'size' of '\(name)' cannot be \(length)")
        }
        if length > 0 { axes[axis] = .fixed(length) }
      }
    }
    let batch = Dimension.symbol(Symbol("N"))
    var type = ValueType.image(batch, channels, axes[0], axes[1])
    guard description.framework == .keras else {
      return addInput(name, type, aliases: input.aliases ?? [])
    }
    type = ValueType(.float32, [batch] + axes + [.fixed(channels)], layout: .nhwc)
    return try apply(
      ChangeLayout(to: .nchw), addInput(name, type, aliases: input.aliases ?? []), label: "")
  }
}
