import Foundation
import KernelLibrary
import TensorCore
import Testing

@Suite struct CurveKernelTests {
  private static let values: [Float] =
    (-4000...4000).map { Float($0) * 0.0271 } + (-99...99).map { Float($0) * 0x1p-12 }

  @Test(arguments: CurveKernel.all)
  func `stays within three units in the last place`(_ kernel: CurveKernel) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
    for (curve, meaning) in Self.curves(kernel) {
      for (x, y) in zip(Self.values, try run(curve, Self.values)) {
        let expected = meaning(Double(x))
        guard expected >= Double(Float.leastNormalMagnitude) || expected < 0 else { continue }
        #expect(
          abs(Double(y) - expected) <= 3 * Double(Float(expected).ulp) || !Float(expected).isFinite,
          "\(curve) of \(x)")
      }
    }
  }

  @Test(arguments: CurveKernel.all)
  func `gives the scalar row's bits wherever a value lies`(_ kernel: CurveKernel) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
    let scalar = try #require(CurveKernel.all.last)
    for (curve, plain) in zip(Self.curves(kernel), Self.curves(scalar)) {
      let expected = try run(plain.curve, Self.values)
      for first in [0, 1, 5, 15, Self.values.count - 17, Self.values.count - 1] {
        let actual = try run(curve.curve, Array(Self.values[first...]))
        #expect(actual.map(\.bitPattern) == expected[first...].map(\.bitPattern))
      }
    }
  }

  @Test(arguments: CurveKernel.all)
  func `saturates, and keeps NaN`(_ kernel: CurveKernel) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
    let ends: [Float] = [-.infinity, -1e30, -200, 200, 1e30, .infinity]
    #expect(try run(.sigmoid(kernel), ends) == [0, 0, 0, 1, 1, 1])
    #expect(try run(.tanh(kernel), ends) == [-1, -1, -1, 1, 1, 1])
    #expect(
      try run(.exponential(kernel), ends) == [0, 0, 0, .infinity, .infinity, .infinity])
    for (curve, _) in Self.curves(kernel) { #expect(try run(curve, [.nan])[0].isNaN) }
  }

  private static func curves(
    _ kernel: CurveKernel
  ) -> [(curve: UnaryKernel, meaning: @Sendable (Double) -> Double)] {
    [
      (.sigmoid(kernel), { 1 / (1 + exp(-$0)) }), (.tanh(kernel), { tanh($0) }),
      (.exponential(kernel), { exp($0) }),
    ]
  }

  private func run(_ kernel: UnaryKernel, _ values: [Float]) throws -> [Float] {
    let input = Tensor(values, shape: [values.count])
    let arena = try #require(Arena(byteCount: values.count * 4))
    kernel.run(input.storage.region, into: arena.region)
    return unsafe arena.region.withBytes { unsafe Array($0.bindMemory(to: Float.self)) }
  }
}
