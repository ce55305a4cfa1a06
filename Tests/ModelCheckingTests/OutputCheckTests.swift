import GraphIR
import ModelFile
import TensorCore
import Testing

@testable import ModelChecking

/// What a strict checker must not let pass, with what peers let pass.
struct OutputCheckTests {
  private func check(
    _ arrays: [String: Tensor], _ fault: SmallNetwork.Fault = .init(),
    _ request: ReferencePairing.Request = .init()
  ) throws -> CheckReport {
    var references = References()
    for (name, tensor) in arrays.sorted(by: { $0.key < $1.key }) {
      try references.add(ReferenceArray(name, tensor))
    }
    let graph = try SmallNetwork.stored(fault).graph
    let pairing = ReferencePairing(references, for: graph.graph, request)
    return try OutputCheck.run(
      graph, on: .runtime(graph), pairing, model: "small", against: "memory")
  }

  private func arrays(_ change: (inout [Float]) -> Void = { _ in }) throws -> [String: Tensor] {
    let output = try SmallNetwork.output()
    var values = output.floatArray
    change(&values)
    return SmallNetwork.inputs.merging(["output": Tensor(values, shape: output.shape)]) { $1 }
  }

  @Test
  func `passes equal outputs`() throws {
    let report = try check(arrays())
    #expect(report.verdict == .passed)
    #expect((report.passed, report.failed, report.unchecked) == (1, 0, 0))
  }

  @Test
  func `rejects one wrong value and names its place`() throws {
    let report = try check(arrays { $0[300] += 0.01 })
    #expect(report.verdict == .differs)
    #expect(report.arrays[0].worst == [0, 1, 2, 12])
    #expect(abs((report.arrays[0].smallestAtol ?? 0) - 0.01) < 1e-5)
  }

  @Test
  func `rejects a NaN in a reference`() throws {
    #expect(try check(arrays { $0[0] = .nan }).verdict == .notFinite)
  }

  @Test
  func `rejects a NaN that the model computes`() throws {
    var arrays = try arrays()
    let image = SmallNetwork.inputs["image"]?.floatArray ?? []
    arrays["image"] = Tensor([.nan] + image.dropFirst(), shape: [1, 3, 16, 16])
    #expect(try check(arrays).verdict == .notFinite)
  }

  @Test
  func `rejects a missing reference and leaves it unchecked only by request`() throws {
    #expect(try check(SmallNetwork.inputs).verdict == .mismatch)
    let report = try check(SmallNetwork.inputs, .init(), .init(allowsMissing: true))
    #expect(report.verdict == .mismatch, "nothing was compared")
    #expect((report.passed, report.unchecked) == (0, 1))
  }

  @Test
  func `rejects a NaN in an output that has no reference`() throws {
    var arrays = SmallNetwork.inputs
    let image = arrays["image"]?.floatArray ?? []
    arrays["image"] = Tensor([.nan] + image.dropFirst(), shape: [1, 3, 16, 16])
    #expect(try check(arrays).verdict == .mismatch)
    let report = try check(arrays, .init(), .init(allowsMissing: true))
    #expect((report.passed, report.failed, report.unchecked) == (0, 1, 0))
    #expect(report.verdict == .notFinite)
    #expect(report.text.contains("output: notFinite"))
  }

  @Test
  func `rejects outputs whose references have each other's names`() throws {
    let graph = try VerifiedGraph(
      GraphParser.parse(
        """
        graph @two(%0 x: f32[1,1,1,2]) -> (%1 low, %2 high) {
          %1 = tanh %0 : f32[1,1,1,2]
          %2 = sigmoid %0 : f32[1,1,1,2]
        }

        """, constants: [:]))
    let input = Tensor([0.5, -1], shape: [1, 1, 1, 2])
    let results = try GraphRunner.interpreter(graph).run(["x": input])
    func verdict(_ names: [String]) throws -> CheckReport.Verdict {
      var references = References()
      try references.add(ReferenceArray("x", input))
      for (name, result) in zip(names, results) {
        try references.add(ReferenceArray(name, result.tensor))
      }
      return try OutputCheck.run(
        graph, on: .interpreter(graph), ReferencePairing(references, for: graph.graph, .init()),
        model: "two", against: "memory"
      ).verdict
    }
    #expect(try verdict(["low", "high"]) == .passed)
    #expect(try verdict(["high", "low"]) == .differs)
  }

  @Test
  func `rejects a reference of another name though its values are the outputs`() throws {
    var arrays = try arrays()
    arrays["result"] = arrays.removeValue(forKey: "output")
    let report = try check(arrays)
    #expect(report.verdict == .mismatch)
    #expect(report.problems.count == 2)
    let renamed = ReferencePairing.Request(renamed: ["output": "result"])
    #expect(try check(arrays, .init(), renamed).verdict == .passed)
  }

  @Test
  func `rejects an array that belongs to nothing`() throws {
    var arrays = try arrays()
    arrays["other"] = Tensor(scalar: 1)
    #expect(try check(arrays).verdict == .mismatch)
    #expect(try check(arrays, .init(), .init(ignored: ["other"])).verdict == .passed)
  }

  @Test
  func `rejects a misshapen reference and a missing input`() throws {
    var arrays = try arrays()
    arrays["output"] = arrays["output"]?.reshaped(to: [1, 3, 8, 32])
    #expect(try check(arrays).verdict == .mismatch)
    arrays = try self.arrays()
    arrays["mask"] = nil
    #expect(try check(arrays).verdict == .mismatch)
  }

  @Test
  func `gives the worst of several verdicts`() throws {
    var arrays = try arrays { $0[0] = .nan }
    arrays["other"] = Tensor(scalar: 1)
    #expect(try check(arrays).verdict == .mismatch)
  }

  @Test
  func `rejects one weight changed by 1 percent`() throws {
    #expect(try check(arrays(), .init(weightFactor: 1.01)).verdict == .differs)
  }

  @Test
  func `rejects a wrong epsilon and a transposed kernel`() throws {
    #expect(try check(arrays(), .init(epsilon: 1e-5)).verdict == .differs)
    #expect(try check(arrays(), .init(transposesKernel: true)).verdict == .differs)
  }

  @Test
  func `shows in which region a shift before the mask does harm`() throws {
    let report = try check(arrays(), .init(shiftsBeforeMask: true))
    #expect(report.verdict == .differs)
    let regions = Dictionary(
      uniqueKeysWithValues: report.arrays[0].regions.map { ($0.name, $0.metrics) })
    #expect((regions["hole"]?.maxAbsolute ?? 0) > 100 * (regions["valid"]?.maxAbsolute ?? 0))
    #expect((regions["composite"]?.maxAbsolute ?? 0) == regions["hole"]?.maxAbsolute)
  }

  @Test
  func `compares a large batch part by part`() throws {
    let count = 4000
    let one = SmallNetwork.inputs
    var batch = one.mapValues { tensor in
      Tensor(
        Array([[Float]](repeating: tensor.floatArray, count: count).joined()),
        shape: [count] + tensor.shape.dropFirst())
    }
    let output = try SmallNetwork.output()
    batch["output"] = Tensor(
      Array([[Float]](repeating: output.floatArray, count: count).joined()),
      shape: [count] + output.shape.dropFirst())
    let graph = try SmallNetwork.stored().graph
    let slices = BatchSlices(graph, shapes: [[count, 3, 16, 16], [count, 3, 16, 16]])
    #expect(slices.ranges.count == 12)
    let report = try check(batch)
    #expect(report.verdict == .passed)
    #expect(report.arrays[0].metrics?.count == count * 768)
  }
}
