import InferenceRuntime
import KernelLibrary
import TensorCore

/// The fastest rate at which this processor multiplies and adds from the nearest cache.
enum PeakRate {
  /// Billions of multiply-adds per second per thread of `threads`, best of several runs.
  ///
  /// The largest register tile runs over data that stays in the first-level cache: what a
  /// convolution could reach if memory were free.
  static func measured(threads: Int) -> Double {
    let table = KernelTable.preferred
    let (channels, outputs) = (512, table.matrixProduct.columns)
    let rows = table.matrixProduct.rows
    let weights = PackedWeights(
      Tensor([Float](repeating: 0.5, count: outputs * channels), shape: [outputs, channels, 1, 1]),
      outputs: 0..<outputs, kernel: table.matrixProduct)
    let pixels = Tensor([Float](repeating: 1, count: rows * channels), shape: [rows, channels])
    let pool = ThreadPool(threadCount: threads)
    let repetitions = 2_500
    let arena = Arena(byteCount: threads * 1 << 17)
    guard let arena else { return 0 }
    let kernels = (0..<threads).map { thread in
      ConvolutionKernel(
        ConvolutionShape(
          kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0], images: 1, height: 1,
          width: rows),
        parts: [
          ConvolutionPart(
            pixels: pixels.storage.region, channels: 0..<channels, pixelStride: channels, height: 1,
            width: rows)
        ], weights: weights, epilogue: Epilogue(),
        output: arena.region.slice(at: thread << 17, byteCount: 1 << 15), outputStride: outputs)
    }
    let best = (0..<5).map { _ in
      let start = Processor.processSeconds
      pool.run(pieceCount: threads) { thread, _ in
        let scratch = arena.region.slice(at: thread << 17 + 1 << 15, byteCount: 1 << 15)
        for _ in 0..<repetitions {
          kernels[thread].run(pixels: 0..<rows, blocks: 0..<1, scratch: scratch)
        }
      }
      return Processor.processSeconds - start
    }.min()
    return Double(threads * repetitions * rows * channels * outputs) / (best ?? 1) / 1e9
  }
}
