import GraphIR
import KernelLibrary
import Synchronization

/// Weights in an order that kernels read, made from constants of a model.
protocol KernelWeights: AnyObject, Sendable {
  var byteCount: Int { get }
}

extension PackedWeights: KernelWeights {}
extension TransformWeights: KernelWeights {}

/// The kernel weights of one model, each made when a plan first needs it and kept from then on.
final class WeightCache: Sendable {
  /// Which form of which constant.
  struct Key: Hashable {
    enum Form: Hashable {
      case packed(kernel: String, parts: [Int]?, group: Int)
      case split(Arithmetic, upsampling: [Int], channels: [Int])
      case transformed(Arithmetic, ConvolutionTransform)
    }

    let value: ValueID
    let form: Form
  }

  private let entries = Mutex<[Key: any KernelWeights]>([:])

  /// Bytes of all weights made so far.
  var byteCount: Int { entries.withLock { $0.values.reduce(0) { $0 + $1.byteCount } } }

  /// The weights under `key`, which are made once, by one thread while others wait.
  func weights<Weights: KernelWeights>(_ key: Key, making make: () -> Weights?) -> Weights? {
    entries.withLock { entries in
      if let known = entries[key] as? Weights { return known }
      let made = make()
      entries[key] = made
      return made
    }
  }
}
