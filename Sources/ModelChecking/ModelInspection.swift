import GraphIR
import GraphPasses
package import InferenceRuntime
import KernelLibrary
package import ModelFile
import TensorCore

/// The facts about a model file, for text and JSON.
package struct ModelInspection: Sendable, Encodable {
  package struct Port: Sendable, Encodable {
    package let name: String
    package let aliases: [String]
    package let type: String
  }

  /// One node of the graph.
  package struct Layer: Sendable, Encodable {
    package let name: String
    package let operation: String
    /// Types of the results, such as `f32[N,64,H/2,W/2]`.
    package let result: String
    /// Stored numbers that only this node or others of its kind read.
    package let parameters: Int
    /// For one picture of the nominal size.
    package let multiplies: Int
    /// With how many bits it multiplies: f32, bf16 or int8; nil for nodes without weights.
    package let precision: String?
  }

  package struct Pass: Sendable, Encodable {
    package let name: String
    /// `exact`, `exact in integers` or `reassociates`.
    package let exactness: String
    package let rewrites: Int
  }

  package struct Setting: Sendable, Encodable {
    package let name: String
    package let value: String
  }

  package struct Source: Sendable, Encodable {
    package let format: String
    package let fileName: String
    package let bytes: Int
    package let sha256: String
  }

  /// Bytes for one picture of the nominal size.
  package struct Memory: Sendable, Encodable {
    /// Stored in the file.
    package let weights: Int
    /// In the order of this processor's kernels.
    package let packedWeights: Int
    package let activations: Int
  }

  package let schema = 1
  package let model: String
  /// Name of the network description, which fixes the dialect of partial convolution.
  package let network: String
  package let title: String
  package let writtenBy: String
  package let source: Source?
  package let options: [Setting]
  package let notes: [String]
  package let processing: [Setting]
  package let passes: [Pass]
  package let inputs: [Port]
  package let outputs: [Port]
  /// Element types of the stored numbers, with how many there are of each.
  package let precision: [Setting]
  package let parameters: Int
  package let multiplies: Int
  /// Height and width that multiplies and memory are for.
  package let nominalSize: [Int]
  package let memory: Memory?
  /// The instruction set that a run on this processor takes.
  package let instructionSet: String
  package let layers: [Layer]

  /// Looks at a model; it is run once on zeros of the nominal size, the nearest to 256 rows and
  /// columns that it takes, to learn its memory.
  package init(_ stored: StoredModel, model: String, tier: NumericTier = .near) {
    let graph = stored.graph
    let provenance = stored.provenance
    self.model = model
    network = provenance.family
    title = provenance.title
    writtenBy = provenance.toolVersion
    source = provenance.source.map {
      Source(
        format: $0.format, fileName: $0.fileName, bytes: $0.byteCount,
        sha256: $0.digest.description)
    }
    options = provenance.options.map { Setting(name: $0.name, value: $0.value) }
    notes = provenance.notes
    processing = stored.processing.map { Setting(name: $0.name, value: $0.value) }
    passes = provenance.passes.map {
      Pass(name: $0.name, exactness: $0.exactness, rewrites: $0.rewriteCount)
    }
    inputs = graph.graph.inputs.map {
      Port(name: $0.name, aliases: $0.aliases, type: $0.type.description)
    }
    outputs = graph.graph.outputs.map {
      Port(name: $0.name, aliases: [], type: graph.type(of: $0.value).description)
    }
    let constants = graph.graph.constants.map(\.tensor)
    parameters = constants.reduce(0) { $0 + $1.elementCount }
    precision = Dictionary(grouping: constants, by: \.elementType).map { type, tensors in
      Setting(name: type.rawValue, value: "\(tensors.reduce(0) { $0 + $1.elementCount })")
    }.sorted { $0.name < $1.name }
    let size = graph.nearestSize(to: 256)
    let shapes = try? SeededInputs.shapes(graph, batch: 1, height: size.height, width: size.width)
    nominalSize = [size.height, size.width]
    let fixed = shapes.flatMap { try? graph.specialized(to: $0) }
    layers = Self.layers(graph, fixed: fixed)
    multiplies = layers.reduce(0) { sum, layer in
      let (result, isOverflow) = sum.addingReportingOverflow(layer.multiplies)
      return isOverflow ? .max : result
    }
    memory = Self.memory(graph, shapes: fixed == nil ? nil : shapes, tier)
    instructionSet = KernelTable.preferred.instructionSet
  }

  private static func layers(_ graph: VerifiedGraph, fixed: VerifiedGraph?) -> [Layer] {
    let constants = Dictionary(
      uniqueKeysWithValues: graph.graph.constants.map { ($0.value, $0.tensor.elementCount) })
    return graph.graph.nodes.filter { !($0.operation is Fill) }.map { node in
      Layer(
        name: node.label, operation: node.operation.mnemonic,
        result: node.results.map { graph.type(of: $0).description }.joined(separator: ", "),
        parameters: node.inputs.reduce(0) { $0 + (constants[$1] ?? 0) },
        multiplies: fixed?.multiplyCount(of: node) ?? 0,
        precision: graph.precision(of: node)?.rawValue)
    }
  }

  private static func memory(
    _ graph: VerifiedGraph, shapes: [String: [Int]]?, _ tier: NumericTier
  ) -> Memory? {
    guard let shapes else { return nil }
    let session = CompiledModel(graph, tier: tier).makeSession()
    let zeros = shapes.mapValues {
      Tensor([Float](repeating: 0, count: Tensor.elementCount(of: $0)), shape: $0)
    }
    guard (try? session.run(zeros)) != nil else { return nil }
    return Memory(
      weights: graph.graph.constants.reduce(0) { $0 + $1.tensor.byteCount },
      packedWeights: session.memoryReport.packedWeightByteCount,
      activations: session.memoryReport.arenaByteCount)
  }
}
