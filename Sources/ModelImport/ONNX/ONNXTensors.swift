import CheckpointFormats
import OrderedCollections
import TensorCore

/// The initializers of a model, each read once, when a node first needs it.
final class ONNXTensors {
  private let model: ONNXModel
  private var loaded: [String: Tensor] = [:]
  private var used: Set<String> = []

  init(_ model: ONNXModel) { self.model = model }

  /// The stored tensor called `name`, floating point as `f32`; nil when there is none.
  func tensor(_ name: String) throws(ImportError) -> Tensor? {
    guard let stored = model.initializers[name] else { return nil }
    used.insert(name)
    if let tensor = loaded[name] { return tensor }
    let tensor = try Self.load(stored)
    loaded[name] = tensor
    return tensor
  }

  /// Reads a tensor, floating point as `f32`.
  static func load(_ stored: StoredTensor) throws(ImportError) -> Tensor {
    do throws(CheckpointError) {
      let tensor = try stored.load()
      return tensor.elementType.isFloatingPoint ? tensor.convertedToFloat32() : tensor
    } catch {
      throw ImportError(error)
    }
  }

  /// A note about the tensors that no node used.
  func unusedNotes() -> [String] {
    let left = model.initializers.keys.filter { !used.contains($0) }
    guard !left.isEmpty else { return [] }
    let shown = left.prefix(5).joined(separator: ", ") + (left.count > 5 ? ", …" : "")
    return ["warning: the graph uses \(used.count) tensors and leaves \(left.count): \(shown)"]
  }
}
