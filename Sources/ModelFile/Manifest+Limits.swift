import TensorCore

extension Manifest {
  /// What a file may ask of its reader; real models stay far below.
  enum Limit {
    /// Entries of one list.
    static let entries = 100_000
    /// Bytes of a name.
    static let nameBytes = 4096
    static let dimensions = 8
    /// Fixed axis lengths and integer attributes, either sign: products of two cannot overflow.
    static let magnitude = 1 << 31
    /// Multiple, scale, offset and divisor of a symbolic axis.
    static let symbolicMagnitude = 1 << 16
  }

  /// Checks versions, list lengths and names.
  ///
  /// - Throws: `.unsupportedVersion`, `.limitExceeded`, `.corrupt`.
  func checkLimits() throws(ModelFileError) {
    guard schemaVersion == Self.currentSchemaVersion else {
      throw ModelFileError(
        .unsupportedVersion,
        "has a manifest of version \(schemaVersion); this program reads version "
          + "\(Self.currentSchemaVersion)", at: FileHeader.byteCount, remedy: "use a newer program")
    }
    let counts = [
      inputs.count, constants.count, nodes.count, outputs.count, tensors.count,
      processing.count, provenance.options.count, provenance.passes.count, provenance.notes.count,
    ]
    guard counts.allSatisfy({ $0 <= Limit.entries }) else {
      throw ModelFileError(
        .limitExceeded, "has a manifest with a list of more than \(Limit.entries) entries",
        at: FileHeader.byteCount)
    }
    let names =
      [graphName] + inputs.flatMap { [$0.name] + $0.aliases } + constants.map(\.name)
      + outputs.map(\.name) + tensors.map(\.name) + nodes.map(\.label) + nodes.map(\.mnemonic)
    guard names.allSatisfy({ $0.utf8.count <= Limit.nameBytes }) else {
      throw ModelFileError(
        .limitExceeded, "has a manifest with a name of more than \(Limit.nameBytes) bytes",
        at: FileHeader.byteCount)
    }
    guard provenance.source?.fileName.contains("/") != true else {
      throw ModelFileError(
        .corrupt, "records a folder in the name of its source", at: FileHeader.byteCount)
    }
  }

  /// Checks that the tensors fill the data section: in order, each at the next multiple of 64, and
  /// nothing behind the last.
  ///
  /// - Throws: `.corrupt` that names the tensor.
  func checkTensors(_ header: FileHeader) throws(ModelFileError) {
    var names: Set<String> = []
    var end = 0
    for tensor in tensors {
      let place = Int(header.dataOffset) + end
      func refuse(_ reason: String) -> ModelFileError {
        ModelFileError(.corrupt, "tensor '\(tensor.name)' \(reason)", at: place)
      }
      guard names.insert(tensor.name).inserted else { throw refuse("is stored twice") }
      let shape = try tensor.checkedShape(at: place)
      let byteCount = Tensor.elementCount(of: shape.axes) * shape.elementType.byteCount
      guard tensor.length == byteCount else {
        throw refuse("of \(tensor.length) bytes should have \(byteCount)")
      }
      let expected = end.roundedUp(to: AlignedStorage.alignment)
      guard tensor.offset >= end else { throw refuse("overlaps the one before it") }
      guard tensor.offset % UInt64(AlignedStorage.alignment) == 0 else {
        throw refuse("at \(tensor.offset) is not aligned to \(AlignedStorage.alignment) bytes")
      }
      guard tensor.offset == expected else {
        throw refuse("at \(tensor.offset) leaves a hole behind byte \(end) of the data")
      }
      guard byteCount <= Int(header.dataBytes), expected <= Int(header.dataBytes) - byteCount
      else { throw refuse("reaches past the end of the file") }
      end = expected + byteCount
    }
    guard header.dataBytes == end else {
      throw ModelFileError(
        .corrupt, "has \(header.dataBytes - UInt64(end)) bytes that belong to no tensor",
        at: Int(header.dataOffset) + end)
    }
  }
}

extension Manifest.StoredTensor {
  /// The element type and shape, whose product with the element size does not overflow.
  func checkedShape(
    at place: Int
  ) throws(ModelFileError) -> (elementType: ElementType, axes: [Int]) {
    guard let elementType = ElementType(rawValue: elementType) else {
      throw ModelFileError(
        .corrupt, "tensor '\(name)' has elements of the unknown type '\(self.elementType)'",
        at: place)
    }
    var byteCount = elementType.byteCount
    var overflows = false
    for length in dimensions {
      let product = byteCount.multipliedReportingOverflow(by: Int(clamping: length))
      byteCount = product.partialValue
      overflows =
        overflows || product.overflow || length >= UInt64(Manifest.Limit.magnitude)
    }
    guard !overflows, dimensions.count <= Manifest.Limit.dimensions else {
      throw ModelFileError(
        .corrupt, "tensor '\(name)' has the impossible shape \(dimensions.prefix(9))", at: place)
    }
    return (elementType, dimensions.map { Int($0) })
  }
}
