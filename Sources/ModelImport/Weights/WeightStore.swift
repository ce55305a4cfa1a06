import CheckpointFormats
import OrderedCollections
import TensorCore

/// The named tensors of a checkpoint, handed out once each as `f32`.
///
/// A tensor's bytes are read when a layer asks for it, and the reader's copy is let go, so that a
/// conversion holds one copy of the weights.
final class WeightStore {
  struct Entry {
    let shape: [Int]
    let elementType: ElementType
    let load: () throws(CheckpointError) -> Tensor
  }

  /// How the checkpoint's axes are ordered.
  enum Convention {
    /// Kernels `[O, C, kh, kw]`, dense `[M, K]`.
    case pytorch
    /// Kernels `[kh, kw, C, O]`, dense `[K, M]`.
    case keras

    fileprivate func permutation(rank: Int) -> [Int]? {
      switch (self, rank) {
      case (.keras, 4): [3, 2, 0, 1]
      case (.keras, 2): [1, 0]
      default: nil
      }
    }
  }

  let convention: Convention
  private var entries: OrderedDictionary<String, Entry>
  private var loaded: [String: Tensor] = [:]
  private(set) var used: Set<String> = []
  private var order: LayerOrder
  private var layerOfLabel: [String: String] = [:]

  init(
    _ entries: OrderedDictionary<String, Entry>, convention: Convention,
    order: LayerOrder = .byName
  ) {
    self.entries = entries
    self.convention = convention
    self.order = order
  }

  var keys: [String] { Array(entries.keys) }

  /// Tensors that no layer asked for.
  var unused: [String] { entries.keys.filter { !used.contains($0) } }

  /// Name and shape in the file of every tensor, and whether a layer asked for it.
  var tensors: [ImportedTensor] {
    entries.map {
      ImportedTensor(name: $0.key, shape: $0.value.shape, isUsed: used.contains($0.key))
    }
  }

  /// The checkpoint's name for the layer that a description calls `label`.
  ///
  /// - Parameter kind: as in the `parameters` of descriptions, such as `batch_norm`.
  func layerName(_ label: String, kind: String) throws(ImportError) -> String {
    if case .byName = order { return label }
    if let known = layerOfLabel[label] { return known }
    guard let next = order.take(label, kind: kind) else {
      throw ImportError(
        .missingTensor, "the file has no more layers with weights, but '\(label)' needs one")
    }
    layerOfLabel[label] = next
    return next
  }

  /// The first of the names that `alternatives` separates by `|` under which there is a tensor; the
  /// first of all when there is none.
  func key(_ alternatives: String) -> String {
    let names = alternatives.split(separator: "|").map { $0.filter { $0 != " " } }
    return names.first { entries[$0] != nil } ?? names.first ?? alternatives
  }

  /// The shape of `key` in PyTorch's order of axes; nil when there is no such tensor.
  func shape(_ key: String) -> [Int]? {
    guard let shape = entries[key]?.shape else { return nil }
    return convention.permutation(rank: shape.count).map { $0.map { shape[$0] } } ?? shape
  }

  /// The tensor `key` as `f32` in PyTorch's order of axes; nil when there is none.
  func tensor(_ key: String) throws(ImportError) -> Tensor? {
    if let tensor = loaded[key] { return tensor }
    guard let entry = entries[key] else { return nil }
    guard entry.elementType.isFloatingPoint else {
      throw ImportError(
        .shapeMismatch, "tensor '\(key)' holds \(entry.elementType.rawValue), not weights")
    }
    var tensor: Tensor
    do throws(CheckpointError) {
      tensor = try entry.load().convertedToFloat32()
    } catch {
      throw ImportError(error)
    }
    if let permutation = convention.permutation(rank: tensor.shape.count) {
      tensor = tensor.transposed(permutation)
    }
    used.insert(key)
    loaded[key] = tensor
    entries[key] = Entry(shape: entry.shape, elementType: entry.elementType) {
      () throws(CheckpointError) in
      preconditionFailure("a loaded tensor is read from the store, not from the file again")
    }
    return tensor
  }

  /// The tensor `key`, which must have `shape`.
  func tensor(_ key: String, shape: [Int]) throws(ImportError) -> Tensor {
    guard let tensor = try tensor(key) else {
      throw ImportError(.missingTensor, "the checkpoint has no tensor '\(key)' \(shape)")
    }
    guard tensor.shape == shape else {
      throw ImportError(
        .shapeMismatch, "tensor '\(key)' has shape \(tensor.shape), the network needs \(shape)")
    }
    return tensor
  }

  /// The number that the whole-number tensor `key` holds; nil when there is no such scalar.
  func integer(_ key: String) throws(ImportError) -> Int? {
    guard let entry = entries[key], entry.shape.reduce(1, *) == 1,
      !entry.elementType.isFloatingPoint
    else { return nil }
    do throws(CheckpointError) {
      return Int(exactly: try entry.load().convertedToFloat32().floats[0])
    } catch {
      throw ImportError(error)
    }
  }

  /// Counts `key` as used without reading it, for bookkeeping tensors that inference ignores.
  func ignore(_ key: String) { used.insert(key) }
}
