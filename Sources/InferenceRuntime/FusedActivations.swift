import GraphIR
import KernelLibrary

/// Rectifiers that the element-wise operation before them applies to its own results while they are
/// near, as after the additions of a residual network.
struct FusedActivations: Sendable {
  /// What a node applies to its results, by the node's index.
  let kernels: [Int: UnaryKernel]
  /// Nodes whose result is their input under another name, because the node before them did it.
  let followers: Set<Int>

  init(_ graph: Graph) {
    var readers: [ValueID: Int] = [:]
    for value in graph.nodes.flatMap(\.inputs) + graph.outputs.map(\.value) {
      readers[value, default: 0] += 1
    }
    var producers: [ValueID: Int] = [:]
    var (kernels, followers): ([Int: UnaryKernel], Set<Int>) = ([:], [])
    for (index, node) in graph.nodes.enumerated() {
      if node.operation is any ElementwiseBinary { producers[node.results[0]] = index }
      guard let kernel = Self.kernel(node.operation), readers[node.inputs[0]] == 1,
        let producer = producers[node.inputs[0]]
      else { continue }
      kernels[producer] = kernel
      followers.insert(index)
    }
    self.kernels = kernels
    self.followers = followers
  }

  private static func kernel(_ operation: any GraphIR.Operation) -> UnaryKernel? {
    switch operation {
    case is ReLU: .relu
    case let leaky as LeakyReLU: .leakyReLU(slope: leaky.slope)
    default: nil
    }
  }
}
