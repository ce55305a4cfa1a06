import GraphIR
import Testing

@testable import InferenceRuntime

@Suite struct PixelSetTests {
  private static let frame = PixelSet.Frame(images: 2, height: 9, width: 13)

  /// Random runs, from hardly any pixel to nearly all.
  private static func random(
    _ random: inout SeededGenerator, _ frame: PixelSet.Frame = frame
  ) -> PixelSet {
    let share = Double.random(in: 0...1, using: &random)
    return PixelSet(frame) { _, _ in Double.random(in: 0...1, using: &random) < share }
  }

  private static func members(_ set: PixelSet) -> Set<Int> {
    Set(set.ranges().flatMap { Array($0) })
  }

  @Test(arguments: 0..<20) func `joins and subtracts as sets of numbers do`(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed) + 1)
    let (first, second) = (Self.random(&random), Self.random(&random))
    let (left, right) = (Self.members(first), Self.members(second))
    #expect(Self.members(first.union(second)) == left.union(right))
    #expect(Self.members(first.subtracting(second)) == left.subtracting(right))
    #expect(first.union(second) == second.union(first))
    #expect(first.subtracting(first) == PixelSet(noneOf: Self.frame))
    #expect(first.union(PixelSet(allOf: Self.frame)).isAll)
    #expect(first.pixelCount == left.count && first.isEmpty == left.isEmpty)
  }

  @Test(arguments: 0..<20) func `reaches what a window sees, and back`(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed) + 1)
    let upsampling = Int.random(in: 1...3, using: &random)
    let window = Window(
      kernel: [3, Int.random(in: 2...5, using: &random)],
      stride: [Int.random(in: 1...3, using: &random), 2],
      padding: [1, 2, 1, 2])
    let (inputs, outputs) = (PixelSet.Frame(images: 2, height: 6, width: 7), Self.frame)
    let reach = PixelReach(window, upsampling: upsampling)
    let sees = { (output: Int, input: Int) in
      let area = (outputs.height * outputs.width, inputs.height * inputs.width)
      guard output / area.0 == input / area.1 else { return false }
      let from = [output % area.0 / outputs.width, output % outputs.width]
      let to = [input % area.1 / inputs.width, input % inputs.width]
      return (0..<2).allSatisfy { axis in
        let first = from[axis] * window.stride[axis] - window.padding[axis]
        let seen = to[axis] * upsampling..<(to[axis] + 1) * upsampling
        return first <= seen.upperBound - 1 && first + window.extent(axis: axis) > seen.lowerBound
      }
    }
    let wanted = Self.random(&random)
    let needed = Self.members(wanted).reduce(into: Set<Int>()) { result, output in
      result.formUnion((0..<inputs.pixelCount).filter { sees(output, $0) })
    }
    #expect(Self.members(wanted.reached(reach, in: inputs)) == needed)
    let changed = Self.random(&random, inputs)
    let touched = Self.members(changed).reduce(into: Set<Int>()) { result, input in
      result.formUnion((0..<outputs.pixelCount).filter { sees($0, input) })
    }
    #expect(Self.members(changed.reached(reach.inverse, in: outputs)) == touched)
  }

  @Test func `covers pixels with tiles that begin before the picture`() {
    let frame = PixelSet.Frame(height: 5, width: 6)
    let pixels = PixelSet(frame) { row, column in row == 3 && column == 2 }
    let cover = TileCover(side: 4, origin: -1)
    #expect(cover.frame(of: frame) == PixelSet.Frame(height: 2, width: 2))
    let tiles = cover.tiles(of: pixels)
    #expect(tiles.ranges() == [2..<3])
    #expect(
      tiles.reached(cover.pixels, in: frame)
        == PixelSet(frame) { row, column in row >= 3 && column < 3 })
  }

  @Test func `closes short gaps only`() {
    let frame = PixelSet.Frame(height: 1, width: 20)
    let pixels = PixelSet(frame) { _, column in [0, 1, 4, 9, 19].contains(column) }
    #expect(pixels.closingGaps(of: 2).ranges() == [0..<5, 9..<10, 19..<20])
    #expect(pixels.closingGaps(of: 9).ranges() == [0..<20])
  }

  @Test func `is a set of nothing for pictures without pixels`() {
    let frame = PixelSet.Frame(images: 0, height: 3, width: 0)
    #expect(PixelSet(allOf: frame).isEmpty && PixelSet(allOf: frame).isAll)
  }
}
