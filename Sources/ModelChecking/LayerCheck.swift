package import GraphIR
import InferenceRuntime
package import TensorCore

/// Compares results of layers with reference arrays that bear the layers' names.
package enum LayerCheck {
  /// What each layer is fed.
  package enum Mode: String, Sendable {
    /// What the layers before it computed: errors add up.
    case cumulative
    /// The references of the layers before it, where there are such: each layer stands alone.
    case isolated
  }

  /// The names of the layers of a graph that references may have.
  package static func names(_ graph: VerifiedGraph) throws(CheckError) -> Set<String> {
    Set(try LayerTrace(layersOf: graph).points.map(\.name))
  }

  /// The references of a graph's layers, by layer, in the graph's order of axes.
  package static func layers(
    of graph: VerifiedGraph, in references: References, renamed: [String: String]
  ) throws(CheckError) -> [String: Tensor] {
    var layers: [String: Tensor] = [:]
    for point in try LayerTrace(layersOf: graph).points {
      guard let reference = references[renamed[point.name] ?? point.name] else { continue }
      layers[point.name] = try inGraphOrder(reference, point, isLast: graph.takesChannelsLast)
    }
    return layers
  }

  /// Compares every layer that has a reference; layers without one, and arrays without a layer, are
  /// counted as unchecked.
  ///
  /// In a network that takes its channels last, references are channels last as well.
  /// - Parameter renamed: names of reference arrays for layers, where they differ.
  /// - Throws: `.mismatch` when the network does not take the inputs.
  package static func run(
    _ graph: VerifiedGraph, inputs: [String: Tensor], references: References,
    renamed: [String: String], mode: Mode, model: String, _ options: OutputCheck.Options,
    progress: (String) -> Void = { _ in }
  ) throws(CheckError) -> CheckReport {
    var report = CheckReport(model: model, against: "layer references, \(mode.rawValue)")
    var known: [String: Tensor] = [:]
    let trace = try LayerTrace(layersOf: graph)
    progress("cumulative run")
    let computed = trace.layers(
      try GraphRunner.runtime(trace.graph, tier: options.tier).run(inputs))
    for point in trace.points {
      guard let reference = references[renamed[point.name] ?? point.name] else {
        report.add(.uncompared(point.name))
        continue
      }
      guard let own = computed[point.name] else { continue }
      let expected = try inGraphOrder(reference, point, isLast: graph.takesChannelsLast)
      guard expected.shape == own.shape else {
        report.add(
          problem: "\(reference.file): array '\(reference.name)' has shape \(expected.shape) as "
            + "the graph orders it, layer '\(point.name)' is \(own.shape)")
        continue
      }
      progress(point.name)
      let actual =
        mode == .isolated ? try isolated(point, trace, known, inputs, graph, options.tier) : own
      known[point.name] = expected
      var array = CheckReport.ArrayReport(
        point.name, shape: actual.shape, ArrayComparison(actual, expected),
        options.tolerances[point.name])
      if options.keepsMaps { array.map = ErrorMap(actual, expected, point.layout) }
      report.add(array)
    }
    for array in unmatched(references, graph, trace, renamed) {
      report.add(.uncompared("\(array.file) '\(array.name)'"))
    }
    report.requireSomething()
    return report
  }

  /// The values of a reference, channels first where the graph has them first.
  private static func inGraphOrder(
    _ reference: ReferenceArray, _ point: LayerTrace.Point, isLast: Bool
  ) throws(CheckError) -> Tensor {
    let values = try reference.values()
    guard isLast, point.layout == .nchw, values.shape.count == 4 else { return values }
    return values.transposed([0, 3, 1, 2])
  }

  private static func unmatched(
    _ references: References, _ graph: VerifiedGraph, _ trace: LayerTrace,
    _ renamed: [String: String]
  ) -> [ReferenceArray] {
    let ports =
      graph.graph.inputs.flatMap { [$0.name] + $0.aliases } + graph.graph.outputs.map(\.name)
    let known = Set((ports + trace.points.map(\.name)).map { renamed[$0] ?? $0 })
    return references.arrays.filter { !known.contains($0.name) }
  }

  /// The layer's result when every layer before it that has a reference gave that.
  private static func isolated(
    _ point: LayerTrace.Point, _ trace: LayerTrace, _ known: [String: Tensor],
    _ inputs: [String: Tensor], _ graph: VerifiedGraph, _ tier: NumericTier
  ) throws(CheckError) -> Tensor {
    var given: [(value: ValueID, name: String, type: ValueType)] = []
    var arrays: [String: Tensor] = [:]
    for earlier in trace.points {
      guard let tensor = known[earlier.name] else { continue }
      let name = "layer: \(earlier.name)"
      given.append((earlier.value, name, graph.type(of: earlier.value).fixed(to: tensor.shape)))
      arrays[name] = tensor
    }
    let fixed = try specialized(graph, inputs)
    let part = try fixed.segment(from: given, to: point.value, named: point.name)
    for (name, tensor) in inputs {
      if let input = graph.input(named: name) { arrays[input.name] = tensor }
    }
    let wanted = arrays.filter { part.input(named: $0.key) != nil }
    guard let result = try GraphRunner.runtime(part, tier: tier).run(wanted).first?.tensor else {
      throw CheckError(.internalFault, "layer '\(point.name)' gave no result")
    }
    return result
  }
}

extension VerifiedGraph {
  /// Whether callers pass pictures with their channels last.
  fileprivate var takesChannelsLast: Bool { graph.inputs.contains { $0.type.layout == .nhwc } }
}

/// The graph for inputs of exactly these shapes.
///
/// - Throws: `.mismatch` when the network does not take them.
func specialized(
  _ graph: VerifiedGraph, _ inputs: [String: Tensor]
) throws(CheckError) -> VerifiedGraph {
  var shapes: [String: [Int]] = [:]
  for (name, tensor) in inputs {
    if let input = graph.input(named: name) { shapes[input.name] = tensor.shape }
  }
  do throws(GraphError) {
    return try graph.specialized(to: shapes)
  } catch {
    throw CheckError(.mismatch, error.message)
  }
}

extension ValueType {
  /// The type with these lengths.
  fileprivate func fixed(to shape: [Int]) -> ValueType {
    ValueType(elementType, shape.map(Dimension.fixed), layout: layout)
  }
}
