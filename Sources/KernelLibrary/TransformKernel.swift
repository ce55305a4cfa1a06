import CKernels
import TensorCore

/// A convolution in its transform domain over fixed memory, ready to run tile by tile on any
/// thread.
///
/// The sums are those of `ConvolutionKernel`, with the rounding of the forms. A pixel's bits do not
/// depend on which other tiles run or on how they are cut into pieces.
///
/// Safety: the C structures are filled here once and never change; the regions behind them belong
/// to the plan that owns this kernel.
@safe
package final class TransformKernel: @unchecked Sendable {
  /// Results of this size and more go past the caches.
  private static let leastStreamedByteCount = 2 << 20
  private static let lineByteCount = 64

  private var task = unsafe pc_transform()
  private let terms: UnsafeMutableBufferPointer<pc_transform_term>
  private let sources: UnsafeMutableBufferPointer<pc_transform_source>
  private let biases: UnsafeMutableBufferPointer<pc_bias>
  private let tiles: UnsafeMutableBufferPointer<Int32>
  /// A pixel of each part that means zeros.
  private let zeros: UnsafeMutableBufferPointer<UInt8>
  private let weights: TransformWeights
  private let block: TransformBlock

  /// Tiles that a run may compute.
  package var tileCount: Int { unsafe tiles.count }
  /// Blocks of output channels.
  package let blockCount: Int

  /// - Parameters:
  ///   - block: how many tiles a call computes at most, and how they lie in memory.
  ///   - parts: the pictures that the transform's sources read, all their channels.
  ///   - output: `[N, height, width, outputStride]`.
  ///   - tiles: numbers of the tiles to compute, counted row by row through all images; all when
  ///     nil.
  package init(
    _ block: TransformBlock, parts: [ConvolutionPart], images: Int, height: Int, width: Int,
    weights: TransformWeights, epilogue: Epilogue, output: MemoryRegion, tiles: [Int]? = nil
  ) {
    let transform = weights.transform
    precondition(epilogue.biases.count <= Epilogue.maximumBiasCount, "too many biases")
    precondition(transform.terms.count <= PC_MAX_TRANSFORM_TERMS, "too many terms for a kernel")
    precondition(epilogue.isStoredAfterFunction, "sigmoid and tanh are of f32 results")
    self.weights = weights
    self.block = block
    blockCount = TransformBlocks(outputs: weights.outputs, columns: weights.kernel.columns).count
    let (rows, columns) = (transform.tileCount(height), transform.tileCount(width))
    let list = tiles ?? Array(0..<images * rows * columns)
    precondition(list.allSatisfy { (0..<images * rows * columns).contains($0) }, "no such tile")
    unsafe self.tiles = .allocate(capacity: list.count)
    for (index, tile) in list.enumerated() {
      unsafe self.tiles.initializeElement(at: index, to: Int32(tile))
    }
    unsafe zeros = Self.zeros(parts, weights.kernel.arithmetic)
    unsafe sources = .allocate(capacity: transform.terms.reduce(0) { $0 + $1.sources.count })
    unsafe terms = .allocate(capacity: transform.terms.count)
    unsafe biases = .allocate(capacity: max(epilogue.biases.count, 1))
    place(parts, images: images)
    place(epilogue, pixelCount: images * height * width)
    unsafe task.side = transform.side
    unsafe task.origin = transform.origin
    unsafe task.tile_rows = rows
    unsafe task.tile_columns = columns
    unsafe task.images = images
    unsafe task.height = height
    unsafe task.width = width
    unsafe task.outputs = weights.outputs
    unsafe task.output = UnsafeMutableRawPointer(
      output.pointer(
        bytes: images * height * width * weights.outputs * epilogue.storage.byteCount))
    unsafe task.output_stride = weights.outputs
    let streams = streams(list.count * transform.side * transform.side, epilogue.storage)
    unsafe task.streams = streams ? 1 : 0
    unsafe task.tiles = UnsafePointer(self.tiles.baseAddress)
  }

  /// Whether results go past the caches: they are many, and every block of a pixel's channels is
  /// whole cache lines.
  private func streams(_ pixelCount: Int, _ storage: ResultStorage) -> Bool {
    let (size, line) = (storage.byteCount, Self.lineByteCount)
    let address = Int(bitPattern: unsafe task.output)
    return pixelCount * weights.outputs * size >= Self.leastStreamedByteCount
      && [weights.outputs * size, weights.kernel.columns * size, address].allSatisfy {
        $0 % line == 0
      }
  }

  deinit {
    unsafe terms.deallocate()
    unsafe sources.deallocate()
    unsafe biases.deallocate()
    unsafe tiles.deallocate()
    unsafe zeros.deallocate()
  }

  private static func zeros(
    _ parts: [ConvolutionPart], _ arithmetic: Arithmetic
  ) -> UnsafeMutableBufferPointer<UInt8> {
    precondition(
      parts.allSatisfy { ($0.scale != nil) == (arithmetic == .integer8) },
      "u8 pictures, and they alone, have a scale")
    let pixels = parts.map { part in
      [UInt8](
        repeating: UInt8(part.scale?.zeroPoint ?? 0),
        count: part.channels.count * arithmetic.pictureType.byteCount)
    }
    let bytes = pixels.flatMap(\.self)
    let zeros = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
    _ = unsafe zeros.initialize(from: bytes)
    return unsafe zeros
  }

  /// Transforms the data of the listed tiles `range` into `values`.
  package func load(_ range: Range<Int>, into values: MemoryRegion) {
    check(range)
    precondition(values.byteCount >= block.valueByteCount, "values do not fit")
    unsafe withUnsafePointer(to: task) {
      unsafe pc_transform_load(
        $0, weights.table.row, range.lowerBound, range.count,
        values.pointer(bytes: values.byteCount))
    }
  }

  /// Computes the outputs of the listed tiles `range`, whose values are in `values`.
  package func multiply(
    _ range: Range<Int>, blocks: Range<Int>, values: MemoryRegion, scratch: MemoryRegion
  ) {
    check(range)
    precondition(blocks.lowerBound >= 0 && blocks.upperBound <= blockCount, "no such block")
    precondition(
      values.byteCount >= block.valueByteCount && scratch.byteCount >= block.scratchByteCount,
      "a transform lacks memory")
    unsafe withUnsafePointer(to: task) {
      unsafe pc_transform_multiply(
        $0, weights.table.row, weights.kernel.row, range.lowerBound, range.count,
        blocks.lowerBound, blocks.count, values.pointer(bytes: values.byteCount),
        scratch.pointer(floats: scratch.floatCount))
    }
  }

  private func check(_ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= tileCount && range.count <= block.tiles,
      "a piece lies outside its transform")
  }

  private func place(_ parts: [ConvolutionPart], images: Int) {
    var next = 0
    for (index, term) in weights.transform.terms.enumerated() {
      let first = unsafe sources.baseAddress.map { unsafe UnsafePointer($0 + next) }
      var entry = unsafe pc_transform_term()
      unsafe entry.form = term.form.row
      unsafe entry.sources = first
      unsafe entry.source_count = term.sources.count
      unsafe entry.depth = (
        (term.depth(atInfinity: [false, false]), term.depth(atInfinity: [false, true])),
        (term.depth(atInfinity: [true, false]), term.depth(atInfinity: [true, true]))
      )
      unsafe entry.pitch = block.pitch(term)
      unsafe entry.value_stride = block.valueStride(term)
      unsafe entry.product_stride = block.productStride(term)
      let region = weights.region(ofTerm: index)
      unsafe entry.weights = UnsafeRawPointer(region.pointer(bytes: region.byteCount))
      if let meaning = weights.meaning(ofTerm: index) {
        let count = meaning.scales.floatCount
        unsafe entry.corrections = UnsafePointer(meaning.corrections.pointer(integers: count))
        unsafe entry.scales = UnsafePointer(meaning.scales.pointer(floats: count))
      }
      var depths = [[0, 0], [0, 0]]
      for source in term.sources {
        unsafe sources.initializeElement(
          at: next, to: self.source(parts, source, term, images, &depths))
        next += 1
      }
      unsafe terms.initializeElement(at: index, to: entry)
    }
    unsafe task.terms = UnsafePointer(terms.baseAddress)
    unsafe task.term_count = terms.count
  }

  /// - Parameter depths: channels of the sources before it, by infinity along rows and columns.
  private func source(
    _ parts: [ConvolutionPart], _ source: ConvolutionTransform.Source,
    _ term: ConvolutionTransform.Term, _ images: Int, _ depths: inout [[Int]]
  ) -> pc_transform_source {
    let part = parts[source.part]
    precondition(
      part.channels.count == source.channels.count && part.channels.upperBound <= part.pixelStride,
      "a part does not have the channels that the weights meet")
    let pixels = images * part.height * part.width
    var places = [[-1, -1], [-1, -1]]
    for row in 0..<2 {
      for column in 0..<2 where term.isLive(source, atInfinity: [row == 1, column == 1]) {
        places[row][column] = depths[row][column]
        depths[row][column] += source.channels.count
      }
    }
    let size = weights.kernel.arithmetic.pictureType.byteCount
    let first = unsafe part.pixels.pointer(bytes: pixels * part.pixelStride * size)
    let zeros = parts[..<source.part].reduce(0) { $0 + $1.channels.count } * size
    return unsafe pc_transform_source(
      pixels: first + part.channels.lowerBound * size,
      zeros: self.zeros.baseAddress.map { unsafe UnsafeRawPointer($0 + zeros) },
      mask: part.mask.map { unsafe UnsafePointer($0.pointer(floats: pixels)) },
      channels: part.channels.count, pixel_stride: part.pixelStride, height: part.height,
      width: part.width, stride: term.stride, first: (source.first[0], source.first[1]),
      advance: term.advance,
      depth: ((places[0][0], places[0][1]), (places[1][0], places[1][1])),
      scale: part.scale?.scale ?? 1, zero_point: UInt8(part.scale?.zeroPoint ?? 0))
  }

  private func place(_ epilogue: Epilogue, pixelCount: Int) {
    for (index, bias) in epilogue.biases.enumerated() {
      let plane = unsafe bias.plane.map { unsafe UnsafePointer($0.pointer(floats: pixelCount)) }
      unsafe biases.initializeElement(
        at: index, to: pc_bias(vector: bias.vector.pointer(floats: weights.outputs), plane: plane))
    }
    unsafe task.biases = UnsafePointer(biases.baseAddress)
    unsafe task.bias_count = epilogue.biases.count
    unsafe task.scale = epilogue.scale.map {
      unsafe UnsafePointer($0.pointer(floats: weights.outputs))
    }
    unsafe task.ratio = epilogue.ratio.map { unsafe UnsafePointer($0.pointer(floats: pixelCount)) }
    (unsafe task.activation, unsafe task.slope) = epilogue.function.row
    (unsafe task.storage, unsafe task.reciprocal, unsafe task.zero_point) = epilogue.storage.row
  }
}
