package import TensorCore

/// A run of bytes inside a file or inside one entry of an archive, read on demand.
package struct StoredBlock: Sendable {
  private enum Place: Sendable {
    case file(FileBytes, offset: Int)
    case entry(ZipArchive, ZipArchive.Entry)
  }

  private let place: Place
  /// Size in bytes.
  package let byteCount: Int
  /// Name of the file.
  package let file: String

  /// A range of a file; the caller has checked that it lies inside.
  package init(_ file: FileBytes, offset: Int, byteCount: Int) {
    place = .file(file, offset: offset)
    self.byteCount = byteCount
    self.file = file.name
  }

  /// The content of an archive's entry.
  package init(_ archive: ZipArchive, _ entry: ZipArchive.Entry) {
    place = .entry(archive, entry)
    byteCount = entry.size
    file = archive.file.name
  }

  /// Whether reading a part costs unpacking the whole.
  package var isDeflated: Bool {
    if case .entry(_, let entry) = place { entry.method == .deflated } else { false }
  }

  /// Fills `buffer` with the bytes from `offset` on.
  @unsafe package func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    switch place {
    case .file(let bytes, let start):
      try unsafe bytes.read(at: start + offset, into: buffer)
    case .entry(let archive, let entry):
      try unsafe archive.read(entry, at: offset, into: buffer)
    }
  }

  /// The first bytes, at most `count`.
  package func prefix(_ count: Int) throws(CheckpointError) -> [UInt8] {
    switch place {
    case .file(let bytes, let start):
      try bytes.bytes(at: start, count: min(count, byteCount))
    case .entry(let archive, let entry):
      try archive.prefix(of: entry, count: count)
    }
  }

  /// Checks that the block may be held in memory.
  func checkSize() throws(CheckpointError) {
    if case .entry(let archive, let entry) = place { _ = try archive.checkedInflatedSize(entry) }
  }
}

/// A tensor of a checkpoint whose facts are known and checked, and whose bytes are read on demand.
package struct StoredTensor: Sendable {
  /// Name for errors: where in the checkpoint the tensor was found.
  package let name: String
  /// Type of the stored elements, which `load` keeps.
  package let elementType: ElementType
  /// Size of every axis; empty for a scalar.
  package let shape: [Int]
  /// Distance between neighbours along each axis, in elements.
  package let strides: [Int]
  /// Where the first element lies in the block, in bytes.
  package let byteOffset: Int
  /// Whether the stored elements have their most significant byte first.
  package let isBigEndian: Bool
  /// The bytes the elements lie in.
  package let block: StoredBlock

  /// Describes a tensor inside `block`; strides default to C order.
  ///
  /// - Throws: `.corrupt` for a negative size, stride or offset, `.truncated` when an element lies
  ///   outside the block, `.limitExceeded` when the elements outnumber what the block can justify.
  package init(
    name: String, elementType: ElementType, shape: [Int], strides: [Int]? = nil,
    byteOffset: Int = 0, isBigEndian: Bool = false, block: StoredBlock
  ) throws(CheckpointError) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.byteOffset = byteOffset
    self.isBigEndian = isBigEndian
    self.block = block
    let extent = try TensorExtent(
      shape: shape, strides: strides, elementType: elementType, byteOffset: byteOffset,
      block: block, name: name)
    self.strides = extent.strides
  }

  /// Number of elements.
  package var elementCount: Int { Tensor.elementCount(of: shape) }
  /// Size of the loaded tensor in bytes.
  package var byteCount: Int { elementCount * elementType.byteCount }

  /// First byte of the block after the last element.
  var byteEnd: Int {
    guard !shape.contains(0) else { return byteOffset }
    let last = zip(shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
    return byteOffset + (last + 1) * elementType.byteCount
  }

  /// Whether the elements follow each other in C order, so that they can be read in place.
  var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }

  /// Reads the elements into a new tensor in C order; bit-preserving.
  ///
  /// - Throws: what reading the block throws, and `.corrupt` for a `bool` that is neither 0 nor 1.
  package func load() throws(CheckpointError) -> Tensor {
    try block.checkSize()
    let tensor = try unsafe Tensor(elementType: elementType, shape: shape) {
      destination throws(CheckpointError) in
      guard destination.count > 0 else { return }
      if isContiguous {
        try unsafe block.read(at: byteOffset, into: destination)
      } else {
        try unsafe gather(into: destination)
      }
      if isBigEndian { unsafe swapBytes(of: destination, elementSize: elementType.byteCount) }
    }
    if elementType == .bool { try checkBooleans(tensor) }
    return tensor
  }

  private func checkBooleans(_ tensor: Tensor) throws(CheckpointError) {
    let isSound = unsafe tensor.bytes.withUnsafeBytes { bytes in
      unsafe bytes.allSatisfy { $0 <= 1 }
    }
    guard isSound else {
      throw CheckpointError(
        .corrupt, "has a boolean that is neither 0 nor 1", file: block.file, subject: name)
    }
  }

  @unsafe private func gather(
    into destination: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let span = byteEnd - byteOffset
    let source = try unsafe AlignedStorage(byteCount: span) { buffer throws(CheckpointError) in
      try unsafe block.read(at: byteOffset, into: buffer)
    }
    unsafe source.bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe copyStrided(
        from: start, to: destination, shape: shape, strides: strides,
        elementSize: elementType.byteCount)
    }
  }
}

/// Reverses the bytes of every element in place.
@unsafe private func swapBytes(of buffer: UnsafeMutableRawBufferPointer, elementSize: Int) {
  func swap<T: FixedWidthInteger>(_: T.Type) {
    let elements = unsafe buffer.bindMemory(to: T.self)
    for index in elements.indices { unsafe elements[index] = elements[index].byteSwapped }
  }
  switch elementSize {
  case 2: swap(UInt16.self)
  case 4: swap(UInt32.self)
  case 8: swap(UInt64.self)
  default: break
  }
}
