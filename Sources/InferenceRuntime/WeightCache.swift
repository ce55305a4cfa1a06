import GraphIR
import KernelLibrary
import Synchronization

/// Weights in an order that kernels read, made from constants of a model.
protocol KernelWeights: Sendable {
  var byteCount: Int { get }
}

extension RowWeights: KernelWeights {}
extension TransformWeights: KernelWeights {}

/// The weights of every group of output channels.
extension [PackedWeights]: KernelWeights {
  /// Bytes of all groups.
  var byteCount: Int { reduce(0) { $0 + $1.byteCount } }
}

/// The kernel weights of one model, each made when a plan first needs it and kept from then on.
final class WeightCache: Sendable {
  /// Which form of which constant.
  struct Key: Hashable {
    enum Form: Hashable {
      case rows
      case window(Arithmetic)
      case packed(arithmetic: Arithmetic, parts: [Int]?, groups: Int)
      case split(Arithmetic, upsampling: [Int], channels: [Int])
      case transformed(Arithmetic, ConvolutionTransform)
    }

    let value: ValueID
    let form: Form
  }

  private final class Entry: Sendable {
    let weights = Mutex<(any KernelWeights)?>(nil)
  }

  private let entries = Mutex<[Key: Entry]>([:])

  /// Bytes of all weights made so far.
  var byteCount: Int {
    entries.withLock { $0.values.map { $0 } }.reduce(0) { sum, entry in
      sum + entry.weights.withLock { $0?.byteCount ?? 0 }
    }
  }

  /// The weights under `key`, which are made once, by one thread while others that want the same
  /// wait.
  func weights<Weights: KernelWeights>(
    _ key: Key, making make: () throws(RuntimeError) -> Weights?
  ) throws(RuntimeError) -> Weights? {
    let entry = entries.withLock { entries in
      let entry = entries[key] ?? Entry()
      entries[key] = entry
      return entry
    }
    return try entry.weights.withLock { held throws(RuntimeError) in
      if let known = held as? Weights { return known }
      let made = try make()
      held = made
      return made
    }
  }
}
