import TensorCore

extension PickleArena {
  /// A number that numpy pickled as `scalar(dtype, bytes)`, or nil.
  func numpyScalar(_ id: PickleID) -> PickleNode? {
    var budget = 64
    guard let (record, global) = record(id), global.isNumpy("scalar"),
      let arguments = elements(record.arguments), arguments.count == 2,
      let type = numpyType(arguments[0]), var bytes = rawBytes(arguments[1], &budget),
      bytes.count == type.elementType.byteCount
    else { return nil }
    if type.isBigEndian { bytes.reverse() }
    let pattern = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch type.elementType {
    case .float64: return .double(Double(bitPattern: pattern))
    case .float32: return .double(Double(Float(bitPattern: UInt32(truncatingIfNeeded: pattern))))
    case .float16: return .double(Double(Float16(bitPattern: UInt16(truncatingIfNeeded: pattern))))
    case .bool: return pattern <= 1 ? .bool(pattern == 1) : nil
    case .int64: return .int(Int64(bitPattern: pattern))
    case .int32: return .int(Int64(Int32(truncatingIfNeeded: pattern)))
    case .int16: return .int(Int64(Int16(truncatingIfNeeded: pattern)))
    case .int8: return .int(Int64(Int8(truncatingIfNeeded: pattern)))
    case .uint8: return .int(Int64(pattern))
    case .bfloat16: return nil
    }
  }

  /// An array that numpy pickled as `_reconstruct(…)` and the state `(1, shape, dtype, isFortran,
  /// bytes)`, or nil, also when the bytes exceed what is left of `budget`.
  func numpyArray(
    _ id: PickleID, named name: String, file: String, budget: inout Int
  ) -> StoredTensor? {
    guard let (record, global) = record(id), global.isNumpy("_reconstruct"),
      let state = record.state.flatMap({ elements($0) }), state.count == 5,
      let sizes = elements(state[1]), sizes.count <= 64, let type = numpyType(state[2]),
      case .bool(let isFortran) = self[state[3]], let bytes = rawBytes(state[4], &budget)
    else { return nil }
    let shape = sizes.compactMap { int($0) }
    guard shape.count == sizes.count else { return nil }
    let header = NumpyHeader(
      elementType: type.elementType, isBigEndian: type.isBigEndian, isFortranOrder: isFortran,
      shape: shape)
    let block = StoredBlock(
      FileBytes(bytes, name: file), offset: 0, byteCount: bytes.count)
    return try? header.tensor(named: name, in: block, at: 0)
  }

  /// The dtype pickled as `dtype('f8', …)` with the byte order in its state.
  private func numpyType(
    _ id: PickleID
  ) -> (elementType: ElementType, isBigEndian: Bool)? {
    guard let (record, global) = record(id), global.name == "dtype",
      global.module.hasPrefix("numpy"),
      let name = elements(record.arguments)?.first.flatMap({ string($0) })
    else { return nil }
    let order = record.state.flatMap { elements($0) }?.dropFirst().first
      .flatMap { string($0) }
    return NumpyHeader.elementType(named: (order == ">" ? ">" : "<") + name)
  }

  /// Bytes, also where protocol 2 wrote them as `_codecs.encode(text, 'latin1')`.
  private func rawBytes(_ id: PickleID, _ budget: inout Int) -> [UInt8]? {
    func isAffordable(_ count: Int) -> Bool {
      budget -= count
      return budget >= 0
    }
    switch self[id] {
    case .bytes(let range):
      return isAffordable(range.count) ? Array(source[range]) : nil
    case .string(let index):
      let text = strings[index].utf8
      return isAffordable(text.count) ? Array(text) : nil
    case .record:
      guard let (record, global) = record(id), global.qualifiedName == "_codecs.encode",
        let arguments = elements(record.arguments), arguments.count == 2,
        let text = string(arguments[0]), string(arguments[1]) == "latin1",
        isAffordable(text.utf8.count), text.unicodeScalars.allSatisfy({ $0.value < 256 })
      else { return nil }
      return text.unicodeScalars.map { UInt8($0.value) }
    default:
      return nil
    }
  }
}

extension PickleGlobal {
  /// Whether this is a function of numpy's array module under its old or new name.
  fileprivate func isNumpy(_ function: String) -> Bool {
    name == function && (module == "numpy.core.multiarray" || module == "numpy._core.multiarray")
  }
}
