import GraphIR
import GraphPasses
import TensorCore
import Testing

@testable import Calibration

@Suite struct CalibratorTests {
  private func plan(_ settings: Calibrator.Settings = .init()) throws -> NarrowingPlan {
    let layers = try SmallLayers()
    let result = try Calibrator(layers.graph, settings, threads: 1).run(layers.samples)
    return try NarrowingPlan.chosen(
      for: layers.graph.graph, requested: .int8, table: CalibrationTable(result))
  }

  private func trial() throws -> PrecisionTrial {
    let layers = try SmallLayers()
    return try PrecisionTrial(
      layers.graph, samples: layers.samples, scale: .largestMagnitude, threads: 1)
  }

  @Test func `looks at valid positions alone`() throws {
    let (plain, loud) = (try SmallLayers(), try SmallLayers(gain: 1000))
    let settings = Calibrator.Settings(method: .minmax)
    let expected = try Calibrator(plain.graph, settings, threads: 1).run(plain.samples)
    let actual = try Calibrator(loud.graph, settings, threads: 1).run(loud.samples)
    #expect(expected.ranges.map(\.picture) == ["image", "one", "two"])
    #expect(actual.ranges.map(\.range) == expected.ranges.map(\.range))
    #expect(actual.corrections.map(\.values) == expected.corrections.map(\.values))
    #expect(expected.ranges[0].range.maximum <= 1)
  }

  @Test func `gives the same table for any number of threads`() throws {
    let layers = try SmallLayers()
    let tables = try [1, 2].map { threads in
      CalibrationTable(
        try Calibrator(layers.graph, .init(), threads: threads).run(layers.samples)
      ).text
    }
    #expect(tables[0] == tables[1])
  }

  @Test(arguments: RangeMethod.allCases)
  func `keeps an int8 network close`(_ method: RangeMethod) throws {
    let psnr = try trial().psnr(plan(.init(method: method)))
    #expect(psnr > 30 && psnr < 80, "\(psnr) dB")
  }

  @Test func `takes the mean shift of every channel back`() throws {
    let corrected = try plan()
    #expect(corrected.corrections["two"]?.contains { $0 != 0 } == true)
    var shifted = corrected
    shifted.corrections["two"] = corrected.corrections["two"]?.map { $0 + 0.05 }
    let trial = try trial()
    #expect(try trial.psnr(corrected) > trial.psnr(shifted))
    #expect(try plan(.init(correctsBias: false)).corrections.isEmpty)
  }

  @Test func `keeps first and last layers, and what rules and the table say`() throws {
    let graph = try SmallLayers().graph.graph
    #expect(try plan().layers == ["two": .int8])
    #expect(try plan().kept.map(\.layer) == ["one", "three"])
    let wide = try NarrowingPlan.chosen(
      for: graph, requested: .int8, keeping: [KeepRule("bf16:t*")])
    #expect(wide.layers == ["two": .bfloat16])
    let edited = CalibrationTable(layers: [.init(name: "one", precision: .int8)])
    let forced = try NarrowingPlan.chosen(for: graph, requested: .int8, table: edited)
    #expect(forced.layers == ["one": .int8, "two": .int8])
    let both = try NarrowingPlan.chosen(
      for: graph, requested: .int8, keeping: [KeepRule("f32:one")], table: edited)
    #expect(both.layers == ["two": .int8])
    #expect(both.kept.first?.reason == "it was asked for")
  }

  @Test func `rejects a rule that fits no layer, and one of another form`() throws {
    let graph = try SmallLayers().graph.graph
    #expect(throws: CalibrationError.self) {
      try NarrowingPlan.chosen(for: graph, requested: .int8, keeping: [KeepRule("f32:enc*")])
    }
    for text in ["f32", "f32:", "int8:x", "fp32:x", ":x", ""] {
      #expect(throws: CalibrationError.self) { try KeepRule(text) }
    }
  }

  @Test(arguments: [
    ("*", "", true), ("enc_?", "enc_1", true), ("enc_?", "enc_12", false), ("*_1", "enc_1_1", true),
    ("e*c*1", "encoder.conv1", true), ("e*c*1", "encoder.conv2", false), ("a", "A", false),
    ("", "", true), ("**", "x", true), ("*a*b", "ab", true), ("*a*b", "ba", false),
  ])
  func `matches names by patterns`(_ pattern: String, _ name: String, _ fits: Bool) throws {
    guard !pattern.isEmpty else { return }
    #expect(try KeepRule("f32:" + pattern).matches(name) == fits)
  }

  @Test func `promotes the worst layer until the target holds`() throws {
    let trial = try trial()
    var narrow = try plan()
    narrow.layers["one"] = .int8
    let sensitivity = try trial.sensitivity(narrow)
    #expect(sensitivity.map(\.layer) == ["one", "two"])
    var search = try PrecisionSearch(trial, narrow, sensitivity: sensitivity)
    let start = search.psnr
    try search.reach(start - 1)
    #expect(search.promotions.isEmpty)
    try search.reach(start + 3)
    let worst = sensitivity.min { $0.psnr < $1.psnr }
    #expect(search.promotions.first?.layer == worst?.layer)
    #expect(search.promotions.first?.from == .int8 && search.promotions.first?.to == .bfloat16)
    #expect(search.psnr >= start + 3)
    try search.reach(.infinity)
    #expect(search.plan.layers.isEmpty && search.psnr == .infinity)
    #expect(search.promotions.count == 4)
  }

  @Test func `measures errors in the holes alone`() {
    var error = HoleError(.picture(factors: [1]))
    let mask = Tensor([1, 0, 1, 0], shape: [1, 1, 2, 2])
    let expected = Tensor([0, 0, 0, 0], shape: [1, 1, 2, 2])
    error.add(Tensor([9, 0.1, 9, 0.1], shape: [1, 1, 2, 2]), expected, mask: mask)
    #expect(abs(error.psnr - 20) < 1e-4)
    error.add(Tensor([9, 0.1, 9, .nan], shape: [1, 1, 2, 2]), expected, mask: mask)
    #expect(error.psnr == -.infinity)
    #expect(HoleError(.largestMagnitude).psnr == .infinity)
  }

  @Test func `rejects samples that do not fit or give no numbers`() throws {
    let layers = try SmallLayers()
    func code(_ body: () throws(CalibrationError) -> Void) -> CalibrationError.Code? {
      do throws(CalibrationError) {
        try body()
        return nil
      } catch {
        return error.code
      }
    }
    var incomplete = layers.samples[0]
    incomplete["mask"] = nil
    let missing = code { () throws(CalibrationError) in
      _ = try Calibrator(layers.graph, .init(), threads: 1).run([incomplete])
    }
    #expect(missing == .mismatch)
    var broken = layers.samples[0]
    broken["image"] = Tensor([Float](repeating: .nan, count: 768), shape: [1, 3, 16, 16])
    let infinite = code { () throws(CalibrationError) in
      _ = try PrecisionTrial(
        layers.graph, samples: [broken], scale: .largestMagnitude, threads: 1)
    }
    #expect(infinite == .notFinite)
  }
}
