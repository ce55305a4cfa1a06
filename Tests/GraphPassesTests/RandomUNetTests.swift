import Foundation
import GraphIR
import GraphPasses
import TensorCore
import Testing

/// Replay one case with `PCONV_SEED=<seed> swift test --filter RandomUNetTests`.
@Suite struct RandomUNetTests {
  private static let seeds: [UInt64] = {
    let text = ProcessInfo.processInfo.environment["PCONV_SEED"]
    return text.flatMap(UInt64.init).map { [$0] } ?? Array(0..<40)
  }()

  @Test(arguments: seeds)
  func `keeps the numbers through every pass, each of which then finds nothing more`(
    _ seed: UInt64
  ) throws {
    var unet = RandomUNet(seed: seed)
    let whole = try unet.build()
    var before = whole
    for pass in PassPipeline.standard.passes {
      let pipeline = PassPipeline([pass])
      let (after, _) = try pipeline.run(before)
      try PassCheck(before: before, after: after, exactness: pass.exactness).run(seed: seed)
      let (again, records) = try pipeline.run(after)
      #expect(records[0].rewrites.isEmpty, "seed \(seed): \(pass.name) \(records[0].rewrites)")
      #expect(again == after, "seed \(seed): \(pass.name)")
      before = after
    }
    try PassCheck(before: whole, after: before, exactness: .reassociates, tolerance: 4e-6)
      .run(seed: seed)
    #expect(try PassPipeline.standard.run(whole).graph == before)
  }

  @Test(arguments: seeds)
  func `leaves only planes of masks and fused layers`(_ seed: UInt64) throws {
    var unet = RandomUNet(seed: seed)
    let (verified, records) = try PassPipeline.standard.run(unet.build())
    let graph = verified.graph
    let masks = Self.maskValues(graph)
    for node in graph.nodes {
      switch node.operation {
      case is Convolution:
        #expect(masks.contains(node.inputs[0]), "seed \(seed): '\(node.label)' is not fused")
        let source = graph.producers()[node.inputs[0]].map { graph.nodes[$0] }
        let planes = source?.operation is Concat ? source?.inputs ?? [] : [node.inputs[0]]
        let channels = (planes + node.results).map { graph.type(of: $0)?.dimensions[1] }
        #expect(channels.allSatisfy { $0 == .fixed(1) }, "seed \(seed): '\(node.label)'")
      case let layer as PartialConvolution:
        let pictures = layer.arguments(node.inputs).pictures
        let planes = pictures.count { graph.type(of: $0)?.dimensions[1] == .fixed(1) }
        #expect(!pictures.allSatisfy(masks.contains) || planes == pictures.count, "seed \(seed)")
      case let norm as BatchNormalization:
        #expect(norm.statistics == .batch, "seed \(seed): '\(node.label)' is not folded")
      case is ReLU, is LeakyReLU:
        let source = graph.producers()[node.inputs[0]].map { graph.nodes[$0].operation }
        #expect(source is BatchNormalization, "seed \(seed): \(node.operation.mnemonic)")
      default: break
      }
    }
    #expect(records.map(\.name) == PassPipeline.standard.passes.map(\.name))
    let prefix = "seed \(seed): absorb-upsampling"
    let absorbed = records.first { $0.name == "absorb-upsampling" }?.rewrites.count ?? 0
    #expect(absorbed > 0, "\(prefix)")
  }

  /// The values that follow from the mask alone.
  private static func maskValues(_ graph: Graph) -> Set<ValueID> {
    var masks = Set(graph.inputs.filter { $0.name == "mask" }.map(\.value))
    for constant in graph.constants { masks.insert(constant.value) }
    for node in graph.nodes where node.inputs.allSatisfy(masks.contains) {
      masks.formUnion(node.results)
    }
    return masks
  }
}
