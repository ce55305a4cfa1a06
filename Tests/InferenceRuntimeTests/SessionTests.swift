import Foundation
import GraphIR
import InferenceRuntime
import KernelLibrary
import Synchronization
import TensorCore
import Testing

@Suite struct SessionTests {
  @Test func `gives the same bits for any number of threads`() throws {
    for kernels in KernelTable.supported {
      let model = CompiledModel(try SmallUNet.graph(), kernels: kernels)
      let inputs = SmallUNet.inputs(size: 32, seed: 1)
      let expected = try model.makeSession(threads: 1).run(inputs)
      for threads in [2, 3, 8] {
        let actual = try model.makeSession(threads: threads).run(inputs)
        #expect(actual.map(\.tensor) == expected.map(\.tensor), "\(kernels), \(threads) threads")
      }
    }
  }

  @Test func `agrees with the scalar meaning of the whole network`() throws {
    let graph = try SmallUNet.graph()
    let inputs = SmallUNet.inputs(size: 16, seed: 2)
    let expected = ScalarRun.outputs(graph.graph, inputs)
    for kernels in KernelTable.supported {
      let session = CompiledModel(graph, kernels: kernels).makeSession(threads: 2)
      let actual = try session.run(inputs)
      #expect(actual.map(\.name) == ["picture", "mask"])
      expectClose(actual[0].tensor, expected[0], .reassociates, depth: 400)
      #expect(actual[1].tensor == expected[1])
    }
  }

  @Test func `plans anew for another shape and returns to the first`() throws {
    let graph = try SmallUNet.graph()
    let session = CompiledModel(graph).makeSession(threads: 2)
    var first: [Tensor] = []
    for (round, size) in [16, 32, 8, 16, 16].enumerated() {
      let inputs = SmallUNet.inputs(size: size, seed: 3)
      let outputs = try session.run(inputs).map(\.tensor)
      expectClose(outputs[0], ScalarRun.outputs(graph.graph, inputs)[0], .reassociates, depth: 400)
      if round == 0 { first = outputs }
      if size == 16 { #expect(outputs == first) }
    }
  }

  @Test func `leaves results that somebody holds as they are, and uses the memory of others again`()
    throws
  {
    let graph = try SmallUNet.graph()
    let session = CompiledModel(graph).makeSession(threads: 2)
    let inputs = (5..<8).map { SmallUNet.inputs(size: 256, seed: $0) }
    let expected = try inputs.map {
      try CompiledModel(graph).makeSession(threads: 1).run($0).map(\.tensor)
    }
    let held = try session.run(inputs[0]).map(\.tensor)
    for _ in 0..<2 {
      for (input, result) in zip(inputs, expected) {
        #expect(try session.run(input).map(\.tensor) == result)
      }
    }
    #expect(held == expected[0])
  }

  @Test func `runs sessions of one model on several threads at once`() throws {
    let model = CompiledModel(try SmallUNet.graph())
    let inputs = SmallUNet.inputs(size: 32, seed: 4)
    let expected = try model.makeSession(threads: 1).run(inputs).map(\.tensor)
    let wrong = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      let session = model.makeSession(threads: 2)
      for _ in 0..<5 where (try? session.run(inputs).map(\.tensor)) != expected {
        wrong.wrappingAdd(1, ordering: .relaxed)
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test(arguments: [false, true])
  func `rectifies a sum in the step that adds`(isSumRead: Bool) throws {
    var random = SeededGenerator(seed: 11)
    var graph = Graph(name: "residual")
    let size = Dimension.fixed(40)
    let left = graph.addInput("left", .image(.fixed(1), 16, size, size))
    let right = graph.addInput("right", .image(.fixed(1), 16, size, size))
    let sum = try graph.apply(Add(), left, right)
    graph.addOutput("leaky", try graph.apply(LeakyReLU(slope: 0.2), sum))
    if isSumRead { graph.addOutput("sum", sum) }
    let inputs = [
      "left": random.tensor([1, 16, 40, 40]), "right": random.tensor([1, 16, 40, 40]),
    ]
    let session = CompiledModel(try VerifiedGraph(graph)).makeSession(threads: 2)
    #expect(try session.run(inputs).map(\.tensor) == ScalarRun.outputs(graph, inputs))
    #expect(try session.profile(inputs).map(\.label) == ["add %2, leaky_relu %3"])
  }

  @Test func `joins element-wise steps only where pieces keep to themselves`() throws {
    var random = SeededGenerator(seed: 12)
    var graph = Graph(name: "planes")
    let size = Dimension.fixed(256)
    let picture = graph.addInput("picture", .image(.fixed(1), 4, size, size))
    let plane = graph.addInput("plane", .image(.fixed(1), 1, size, size))
    let scalar = graph.addConstant("two", Tensor([2], shape: [1, 1, 1, 1]))
    let doubled = try graph.apply(Multiply(), plane, scalar)
    let clipped = try graph.apply(Clip(minimum: -1, maximum: 1), doubled)
    let masked = try graph.apply(Multiply(), picture, clipped)
    let isEqual = try graph.apply(Equal(), doubled, clipped)
    let selected = try graph.apply(Select(), isEqual, clipped, plane)
    let sum = try graph.apply(Add(), masked, selected)
    graph.addOutput("sum", try graph.apply(ReLU(), sum))
    let inputs = [
      "picture": random.tensor([1, 4, 256, 256]), "plane": random.tensor([1, 1, 256, 256]),
    ]
    let model = CompiledModel(try VerifiedGraph(graph))
    let expected = ScalarRun.outputs(graph, inputs)
    for threads in [1, 2, 3, 8] {
      let session = model.makeSession(threads: threads, retaining: .nothing)
      for _ in 0..<20 { #expect(try session.run(inputs).map(\.tensor) == expected) }
      let labels = try session.profile(inputs).map(\.label)
      let planes = ["multiply %3, clip %4", "multiply %5", "equal %6, select %7"]
      #expect(labels == planes + ["add %8, relu %9"])
    }
  }

  @Test func `takes a batch of any size`() throws {
    let model = CompiledModel(try SmallUNet.graph())
    let session = model.makeSession(threads: 2)
    let single = SmallUNet.inputs(size: 16, seed: 5)
    let batch = single.mapValues { tensor in
      Tensor(tensor.floatArray + tensor.floatArray, shape: [2] + tensor.shape.dropFirst())
    }
    let one = try session.run(single)[0].tensor.floatArray
    #expect(try session.run(batch)[0].tensor.floatArray == one + one)
  }

  @Test func `accepts the alias of an input`() throws {
    let session = CompiledModel(try SmallUNet.graph()).makeSession(threads: 1)
    var inputs = SmallUNet.inputs(size: 8, seed: 6)
    let expected = try session.run(inputs).map(\.tensor)
    inputs["input_1"] = inputs.removeValue(forKey: "image")
    #expect(try session.run(inputs).map(\.tensor) == expected)
  }

  @Test func `reports the memory of its plans and weights`() throws {
    let session = CompiledModel(try SmallUNet.graph()).makeSession(threads: 1)
    #expect(session.memoryReport.arenaByteCount == 0)
    _ = try session.run(SmallUNet.inputs(size: 8, seed: 7))
    #expect(session.memoryReport.arenaByteCount > 0)
    #expect(session.memoryReport.packedWeightByteCount > 0)
  }
}

@Suite struct RefusalTests {
  private func error(_ change: (inout [String: Tensor]) -> Void) throws -> RuntimeError? {
    let session = CompiledModel(try SmallUNet.graph()).makeSession(threads: 1)
    var inputs = SmallUNet.inputs(size: 8, seed: 8)
    change(&inputs)
    return #expect(throws: RuntimeError.self) { try session.run(inputs) }
  }

  private func zeros(_ shape: [Int]) -> Tensor {
    Tensor([Float](repeating: 0, count: Tensor.elementCount(of: shape)), shape: shape)
  }

  @Test func `rejects a missing input`() throws {
    let error = try error { $0["mask"] = nil }
    #expect(error?.code == .missingInput)
    #expect(error?.message.contains("'mask'") == true)
  }

  @Test func `rejects an input that the model does not have`() throws {
    let error = try error { $0["depth"] = zeros([1]) }
    #expect(error?.code == .unknownInput)
    #expect(error?.message.contains("image, mask") == true)
  }

  @Test func `rejects an input given twice`() throws {
    #expect(try error { $0["input_1"] = $0["image"] }?.code == .duplicateInput)
  }

  @Test func `rejects a height that is no multiple of what the network needs`() throws {
    let error = try error { $0["image"] = zeros([1, 3, 10, 8]) }
    #expect(error?.code == .badShape)
    #expect(error?.message.contains("height 10 is not a multiple of 4") == true)
  }

  @Test func `rejects a mask of another size than the picture and names both`() throws {
    let error = try error { $0["mask"] = zeros([1, 1, 8, 16]) }
    #expect(error?.code == .badShape)
    #expect(error?.message.contains("'mask'") == true)
    #expect(error?.message.contains("'image'") == true)
  }

  @Test func `rejects another number of channels or axes`() throws {
    #expect(try error { $0["image"] = zeros([1, 4, 8, 8]) }?.code == .badShape)
    #expect(try error { $0["image"] = zeros([3, 8, 8]) }?.code == .badShape)
    #expect(try error { $0["image"] = zeros([0, 3, 8, 8]) }?.code == .badShape)
  }

  @Test func `rejects another element type`() throws {
    let bytes = unsafe Tensor(elementType: .uint8, shape: [1, 3, 8, 8]) { _ in }
    #expect(try error { $0["image"] = bytes }?.code == .badElementType)
  }
}
