import Foundation
import InferenceRuntime
import PartialConv
import TensorCore

/// Times what a run saves when only a hole is wanted, when the mask stays, and when an edit follows
/// a run, against whole runs of the same model, in turns.
///
///     swift run -c release reuse-benchmark model.pcm [side] [rounds] [threads] [tier]
///
/// Printed are medians in milliseconds and medians of the rounds' ratios to the whole run.
struct ReuseBenchmark {
  private typealias Arrays = [String: Tensor]

  /// One way of running; the hole may differ from round to round.
  private struct Contestant {
    let name: String
    let session: ModelSession
    var isWhole = false
    var hasNewPictures = false
    let hole: (_ round: Int) -> PixelSet
  }

  private let model: Model
  private let side: Int
  private let threads: Int

  init(model: Model, side: Int, threads: Int) {
    self.model = model
    self.side = side
    self.threads = threads
  }

  func run(rounds: Int) throws {
    let contestants = try makeContestants()
    for contestant in contestants { _ = try time(contestant, round: 0) }
    var times = contestants.map { _ in [Double]() }
    for round in 1...rounds {
      for (index, contestant) in contestants.enumerated() {
        times[index].append(try time(contestant, round: round))
      }
    }
    print("\(side)x\(side), \(threads) threads, \(model.tier.rawValue), \(rounds) rounds")
    for (contestant, seconds) in zip(contestants, times) {
      let ratios = zip(seconds, times[0]).map { $0 / $1 }
      print(
        contestant.name.padding(toLength: 44, withPad: " ", startingAt: 0)
          + String(format: "%8.1f ms %7.3f", median(seconds) * 1e3, median(ratios)))
    }
  }

  /// Seconds of one run.
  private func time(_ contestant: Contestant, round: Int) throws -> Double {
    let hole = contestant.hole(round)
    let inputs = arrays(hole, seed: contestant.hasNewPictures ? round : 0)
    let wanted = contestant.isWhole ? [:] : [model.outputs[0].name: hole]
    let start = ContinuousClock.now
    _ = try contestant.session.run(inputs, wanted: wanted)
    let elapsed = (ContinuousClock.now - start).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
  }

  private func makeContestants() throws -> [Contestant] {
    let square = square(1.0 / 4)
    let small = self.square(1.0 / 6)
    let strokes = hole { ($0 + 2 * $1) % (side / 4) < side / 16 }
    let stroke = hole { abs($0 - side / 2) < side / 5 && abs($1 - side / 3) < side / 60 }
    let anew = session(.nothing)
    return [
      Contestant(name: "whole, square hole of 25 %", session: anew, isWhole: true) { _ in square },
      Contestant(name: "wanted: square hole of 25 %", session: anew) { _ in square },
      Contestant(name: "wanted: square hole of 11 %", session: anew) { _ in small },
      Contestant(name: "wanted: strokes of 25 %", session: anew) { _ in strokes },
      Contestant(name: "wanted: a moving square hole of 25 %", session: anew) { round in
        self.square(1.0 / 4, shift: round)
      },
      Contestant(
        name: "whole, new pictures under one mask", session: session(.partial), isWhole: true,
        hasNewPictures: true
      ) { _ in square },
      Contestant(
        name: "wanted: 11 % with and without a stroke, kept", session: session(.everything)
      ) { $0 % 2 == 0 ? small : small.union(stroke) },
    ]
  }

  /// A square in the middle, half as wide as `reach` sides.
  private func square(_ reach: Double, shift: Int = 0) -> PixelSet {
    let limit = Int(Double(side) * reach)
    return hole {
      abs($0 - side / 2 + shift) < limit && abs($1 - side / 2 - shift) < limit
    }
  }

  private func session(_ retention: Retention) -> ModelSession {
    model.makeSession(threads: threads, retaining: retention)
  }

  private func hole(_ contains: (Int, Int) -> Bool) -> PixelSet {
    PixelSet(.init(height: side, width: side), contains)
  }

  /// A noisy picture with zeros in the hole, and its mask, `[1, side, side, 3]`.
  private func arrays(_ hole: PixelSet, seed: Int = 0) -> Arrays {
    var mask = [Float](repeating: 1, count: side * side * 3)
    for range in hole.ranges() {
      for index in range.lowerBound * 3..<range.upperBound * 3 { mask[index] = 0 }
    }
    var state = UInt32(truncatingIfNeeded: seed &* 7_919 &+ 1)
    let picture = mask.map { value -> Float in
      state = state &* 1_664_525 &+ 1_013_904_223
      return value * Float(state >> 8) / Float(1 << 24)
    }
    let shape = [1, side, side, 3]
    return ["image": Tensor(picture, shape: shape), "mask": Tensor(mask, shape: shape)]
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

let arguments = CommandLine.arguments.dropFirst()
let numbers = arguments.dropFirst().compactMap { Int($0) }
guard let path = arguments.first else {
  print("reuse-benchmark model.pcm [side] [rounds] [threads] [tier]")
  exit(2)
}
let tier = arguments.last.flatMap(NumericTier.init(rawValue:)) ?? .near
let model = try Model.load(path, tier: tier)
try ReuseBenchmark(
  model: model, side: numbers.first ?? 512, threads: numbers.count > 2 ? numbers[2] : 2
).run(rounds: numbers.count > 1 ? numbers[1] : 9)
