import CheckpointFormats
package import TensorCore

/// An array of a reference file; its values are read when they are compared, part by part.
package struct ReferenceArray: Sendable {
  private enum Source: Sendable {
    case stored(StoredTensor)
    case loaded(Tensor)
  }

  package let name: String
  package let shape: [Int]
  /// Path of the file it is in.
  package let file: String
  private let source: Source

  /// An array in memory.
  package init(_ name: String, _ tensor: Tensor, file: String = "memory") {
    self.name = name
    self.file = file
    shape = tensor.shape
    source = .loaded(tensor)
  }

  init(_ name: String, _ tensor: StoredTensor, file: String) {
    self.name = name
    self.file = file
    shape = tensor.shape
    source = .stored(tensor)
  }

  /// The same array ready to be read in parts: one whose parts cannot be read alone is loaded.
  ///
  /// - Throws: `.unreadable` when reading fails or a checksum does not match.
  package func prepared() throws(CheckError) -> ReferenceArray {
    guard case .stored(let tensor) = source, !tensor.isReadableByRows else { return self }
    return ReferenceArray(name, try load(tensor), file: file)
  }

  /// All values, as `f32`.
  package func values() throws(CheckError) -> Tensor {
    switch source {
    case .stored(let tensor): try load(tensor).convertedToFloat32()
    case .loaded(let tensor): tensor.convertedToFloat32()
    }
  }

  /// The values of `rows` of the first axis, as `f32`.
  ///
  /// - Throws: `.unreadable` when reading fails or a checksum does not match.
  package func values(rows: Range<Int>) throws(CheckError) -> Tensor {
    guard shape.first != rows.count else { return try values() }
    let part = [rows.count] + shape.dropFirst()
    switch source {
    case .loaded(let tensor):
      return tensor.part(rows, shape: part).convertedToFloat32()
    case .stored(let tensor):
      let stored = try reading { () throws(CheckpointError) in
        try StoredTensor(
          name: tensor.name, elementType: tensor.elementType, shape: part, strides: tensor.strides,
          byteOffset: tensor.byteOffset + rows.lowerBound * tensor.strides[0]
            * tensor.elementType.byteCount,
          isBigEndian: tensor.isBigEndian, block: tensor.block)
      }
      return try load(stored).convertedToFloat32()
    }
  }

  private func load(_ tensor: StoredTensor) throws(CheckError) -> Tensor {
    try reading { () throws(CheckpointError) in try tensor.load() }
  }
}

extension StoredTensor {
  /// Whether a part along the first axis is one run of bytes that can be read alone.
  fileprivate var isReadableByRows: Bool {
    guard !block.isDeflated, let stride = strides.first else { return false }
    return stride == shape.dropFirst().reduce(1, *)
  }
}

extension Tensor {
  /// The part of the first axis that `rows` selects.
  fileprivate func part(_ rows: Range<Int>, shape: [Int]) -> Tensor {
    let size = shape.dropFirst().reduce(1, *) * elementType.byteCount
    return unsafe Tensor(elementType: elementType, shape: shape) { destination in
      unsafe bytes.withUnsafeBytes { source in
        unsafe destination.copyMemory(
          from: UnsafeRawBufferPointer(
            rebasing: source[rows.lowerBound * size..<rows.upperBound * size]))
      }
    }
  }
}

/// Runs `body` and gives an error of the readers as one of this module.
func reading<Result>(_ body: () throws(CheckpointError) -> Result) throws(CheckError) -> Result {
  do throws(CheckpointError) {
    return try body()
  } catch {
    throw CheckError(.unreadable, error.description)
  }
}
