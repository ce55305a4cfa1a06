package import KernelLibrary
import TensorCore

/// The fastest rates at which this processor multiplies and adds numbers of one kind, in billions
/// per second of processor time of one thread, best of several runs.
package enum PeakRate {
  /// The rate of the largest register tile over data that stays in the first-level cache: what a
  /// convolution could reach if memory were free.
  package static func ofTile(_ kernel: TileKernel, threads: Int) -> Double {
    let (outputs, rows, numbers) = (kernel.columns, kernel.rows, kernel.arithmetic)
    let channels = 2048 / numbers.pictureType.byteCount
    let weights = PackedWeights(
      zeros([outputs, channels, 1, 1], numbers.weightType), outputs: 0..<outputs, kernel: kernel)
    let pixels = zeros([rows, channels], numbers.pictureType)
    guard let arena = Arena(byteCount: threads << 17) else { return 0 }
    let kernels = (0..<threads).map { thread in
      ConvolutionKernel(
        ConvolutionShape(
          kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0], images: 1, height: 1,
          width: rows),
        parts: [
          ConvolutionPart(
            pixels: pixels.storage.region, channels: 0..<channels, pixelStride: channels, height: 1,
            width: rows,
            scale: numbers == .integer8 ? ByteScale(scale: 1, zeroPoint: 0) : nil)
        ], weights: weights, epilogue: Epilogue(),
        output: arena.region.slice(at: thread << 17, byteCount: 1 << 15), outputStride: outputs)
    }
    let repetitions = 2_500
    return best(threads) { thread in
      let scratch = arena.region.slice(at: thread << 17 + 1 << 15, byteCount: 1 << 15)
      for _ in 0..<repetitions {
        kernels[thread].run(pixels: 0..<rows, blocks: 0..<1, scratch: scratch)
      }
      return repetitions * rows * channels * outputs
    }
  }

  /// - Parameter work: runs on one thread and returns the multiply-adds that it did.
  package static func best(_ threads: Int, _ work: @escaping @Sendable (Int) -> Int) -> Double {
    let pool = ThreadPool(threadCount: threads)
    let products = work(0)
    let seconds = (0..<7).map { _ in
      let start = Processor.processSeconds
      pool.run(pieceCount: threads) { thread, _ in _ = work(thread) }
      return Processor.processSeconds - start
    }
    return Double(threads * products) / (seconds.min() ?? 1) / 1e9
  }

  private static func zeros(_ shape: [Int], _ type: ElementType) -> Tensor {
    unsafe Tensor(elementType: type, shape: shape) { _ in }
  }
}
