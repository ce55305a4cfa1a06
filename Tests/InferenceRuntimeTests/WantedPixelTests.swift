import GraphIR
import KernelLibrary
import TensorCore
import Testing

@testable import InferenceRuntime

@Suite struct WantedPixelTests {
  private static let size = 64
  private static let frame = PixelSet.Frame(height: size, width: size)

  /// A compact hole, strokes, single pixels, and none.
  private static let holes: [PixelSet] = [
    PixelSet(frame) { row, column in (20..<41).contains(row) && (3..<30).contains(column) },
    PixelSet(frame) { row, column in abs(row - column) < 2 || (row + 3 * column) % 61 == 0 },
    PixelSet(frame) { row, column in (row, column) == (0, 63) || (row, column) == (63, 0) },
    PixelSet(noneOf: frame), PixelSet(allOf: frame),
  ]

  /// Models of the network for every tier and algorithm.
  private static func models(_ kernels: KernelTable) throws -> [CompiledModel] {
    let graph = try SmallUNet.graph(isLocal: true)
    return NumericTier.allCases.map { CompiledModel(graph, kernels: kernels, tier: $0) }
      + ["direct", "f2x2", "f3x2", "up2 + f2x3", "up2 + c4x3", "up2 + f4x3", "up3 + f6x3"].map {
        CompiledModel(graph, kernels: kernels, tier: .fast, preferringTransform: $0)
      }
  }

  @Test(arguments: KernelTable.supported)
  func `gives wanted pixels the bits of a whole run, and zeros elsewhere`(
    _ kernels: KernelTable
  ) throws {
    let inputs = SmallUNet.inputs(size: Self.size, seed: 1)
    let poison = inputs.mapValues { tensor in
      Tensor([Float](repeating: .nan, count: tensor.elementCount), shape: tensor.shape)
    }
    for model in try Self.models(kernels) {
      let expected = try model.makeSession(threads: 1).run(inputs)
      let session = model.makeSession(threads: 2, retaining: .nothing)
      for hole in Self.holes {
        _ = try session.run(poison)
        let actual = try session.run(inputs, wanted: ["picture": hole])
        #expect(actual[0].tensor == expected[0].tensor.keeping(hole), "\(model.tier) \(kernels)")
        #expect(actual[1].tensor == expected[1].tensor)
      }
    }
  }

  @Test func `computes less for a small hole`() throws {
    let session = CompiledModel(try SmallUNet.graph(isLocal: true)).makeSession(threads: 1)
    let inputs = SmallUNet.inputs(size: Self.size, seed: 2)
    let costs = try Self.holes.map { hole in
      try session.timedRun(inputs, wanted: ["picture": hole, "mask": hole]).steps.reduce(0) {
        $0 + $1.multiplyAdds
      }
    }
    #expect(costs[0] < costs[4] / 2 && costs[2] < costs[0] && costs[3] == 0)
  }

  @Test func `computes everything before statistics of the whole picture`() throws {
    let model = CompiledModel(try SmallUNet.graph())
    let inputs = SmallUNet.inputs(size: Self.size, seed: 3)
    let expected = try model.makeSession(threads: 1).run(inputs)[0].tensor
    let session = model.makeSession(threads: 2)
    let actual = try session.run(inputs, wanted: ["picture": Self.holes[0]])[0].tensor
    #expect(actual == expected.keeping(Self.holes[0]))
  }

  @Test func `rejects pixels of another size and of outputs that do not exist`() throws {
    let session = CompiledModel(try SmallUNet.graph()).makeSession(threads: 1)
    let inputs = SmallUNet.inputs(size: 32, seed: 4)
    let code = { (wanted: [String: PixelSet]) -> RuntimeError.Code? in
      do throws(RuntimeError) {
        _ = try session.run(inputs, wanted: wanted)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code(["picture": Self.holes[0]]) == .badShape)
    #expect(code(["depth": Self.holes[0]]) == .unknownOutput)
  }

  /// Runs in which the picture, the mask, neither or both differ in a few places.
  @Test(arguments: 0..<6, [Retention.nothing, .partial, .everything])
  func `gives the bits of a fresh run after any edits`(_ seed: Int, _ retention: Retention) throws {
    var random = SeededGenerator(seed: UInt64(seed) + 1)
    let graph = try SmallUNet.graph(isLocal: seed % 3 != 0)
    let preferred = [nil, "f3x2", "up3 + f6x3"][seed % 3]
    let model = CompiledModel(
      graph, kernels: .preferred, tier: .fast, preferringTransform: preferred)
    let session = model.makeSession(threads: 2, retaining: retention)
    var inputs = SmallUNet.inputs(size: Self.size, seed: UInt64(seed))
    for _ in 0..<10 {
      for name in ["image", "mask"] where Bool.random(using: &random) {
        inputs[name] = inputs[name]?.edited(&random)
      }
      let hole = Self.holes.randomElement(using: &random) ?? Self.holes[0]
      let wanted = Bool.random(using: &random) ? ["picture": hole] : [:]
      let expected = try model.makeSession(threads: 1).run(inputs).map(\.tensor)
      let actual = try session.run(inputs, wanted: wanted).map(\.tensor)
      #expect(actual[0] == wanted["picture"].map(expected[0].keeping) ?? expected[0])
      #expect(actual[1] == expected[1])
    }
  }

  @Test func `computes again only what an edit reaches`() throws {
    let model = CompiledModel(try SmallUNet.graph(isLocal: true))
    let session = model.makeSession(threads: 1, retaining: .everything)
    var random = SeededGenerator(seed: 7)
    var inputs = SmallUNet.inputs(size: Self.size, seed: 7)
    let cost = { try session.timedRun($0).steps.reduce(0) { $0 + $1.multiplyAdds } }
    let whole = try cost(inputs)
    #expect(try cost(inputs) == 0)
    inputs["image"] = inputs["image"]?.edited(&random)
    let edit = try cost(inputs)
    #expect(edit > 0 && edit < whole / 2)
  }

  @Test func `decides a mask's planes once for runs with the same mask`() throws {
    let session = CompiledModel(try SmallUNet.graph()).makeSession(threads: 1)
    var inputs = SmallUNet.inputs(size: 32, seed: 8)
    let labels = { try session.profile($0).map(\.label).filter { $0.contains("equal") } }
    #expect(try !labels(inputs).isEmpty)
    inputs["image"] = SmallUNet.inputs(size: 32, seed: 9)["image"]
    #expect(try labels(inputs).isEmpty)
    inputs["mask"] = SmallUNet.inputs(size: 32, seed: 9)["mask"]
    #expect(try !labels(inputs).isEmpty)
  }
}

extension Tensor {
  /// The picture with zeros outside `pixels`.
  fileprivate func keeping(_ pixels: PixelSet) -> Tensor {
    let inside = Set(pixels.ranges().flatMap { Array($0) })
    let area = shape[2] * shape[3]
    return Tensor(
      floatArray.enumerated().map { inside.contains($0 % area) ? $1 : 0 }, shape: shape)
  }

  /// The tensor with other values in a small square.
  fileprivate func edited(_ random: inout SeededGenerator) -> Tensor {
    var values = floatArray
    let (height, width) = (shape[2], shape[3])
    let (top, left) = (
      Int.random(in: 0..<height - 5, using: &random), Int.random(in: 0..<width - 5, using: &random)
    )
    for place in values.indices {
      let (row, column) = (place / width % height, place % width)
      guard (top..<top + 5).contains(row), (left..<left + 5).contains(column) else { continue }
      values[place] = 1 - values[place]
    }
    return Tensor(values, shape: shape)
  }
}
