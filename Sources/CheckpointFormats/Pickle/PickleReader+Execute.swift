extension PickleReader {
  /// Carries out one instruction.
  mutating func execute(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .proto: try checkProtocol()
    case .frame: try checkFrame()
    case .stop: break
    case .mark: marks.append(stack.count)
    case .pop: try popOne()
    case .popMark: _ = try popToMark("POP_MARK")
    case .dup: stack.append(try top("DUP"))
    case .none: push(.none)
    case .newTrue: push(.bool(true))
    case .newFalse: push(.bool(false))
    case .binInt, .binInt1, .binInt2, .long1, .long4, .binFloat: try pushNumber(opcode)
    case .binString, .shortBinString, .binUnicode, .shortBinUnicode, .binUnicode8, .binBytes,
      .shortBinBytes, .binBytes8, .byteArray8:
      try pushText(opcode)
    case .emptyTuple, .tuple, .tuple1, .tuple2, .tuple3, .emptyList, .list, .append, .appends,
      .emptyDictionary, .dictionary, .setItem, .setItems, .emptySet, .addItems, .frozenSet:
      try fillContainer(opcode)
    case .binGet, .longBinGet, .binPut, .longBinPut, .memoize: try useMemo(opcode)
    case .global, .stackGlobal: try pushGlobal(opcode)
    case .reduce, .newObject, .newObjectEx: try call(opcode)
    case .build: try build()
    case .binPersistentID: try pushPersistent()
    case .instance: try refuseInstance()
    case .object, .ext1, .ext2, .ext4, .nextBuffer, .readOnlyBuffer, .persistentID:
      throw refused("has the instruction \(opcode), which model files never use")
    case .int, .long, .float, .string, .unicode, .get, .put:
      throw CheckpointError(
        .unsupported, "is a pickle of protocol 0 or 1", file: reader.file, subject: reader.subject,
        offset: start, remedy: "save the file again with PyTorch's torch.save")
    }
  }

  private mutating func checkProtocol() throws(CheckpointError) {
    let version = try reader.integer(UInt8.self)
    guard (2...5).contains(version) else {
      throw CheckpointError(
        .unsupported, "is a pickle of protocol \(version); 2 to 5 are read", file: reader.file,
        subject: reader.subject, offset: start)
    }
  }

  private mutating func checkFrame() throws(CheckpointError) {
    let length = try reader.length(UInt64.self)
    guard length <= reader.remaining else { throw tooLong("frame", length) }
  }

  private mutating func popOne() throws(CheckpointError) {
    if let mark = marks.last, mark == stack.count {
      marks.removeLast()
    } else {
      _ = try pop("POP")
    }
  }

  private mutating func pushNumber(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .binInt: push(.int(Int64(try reader.integer(Int32.self))))
    case .binInt1: push(.int(Int64(try reader.integer(UInt8.self))))
    case .binInt2: push(.int(Int64(try reader.integer(UInt16.self))))
    case .long1: try pushLong(Int(try reader.integer(UInt8.self)))
    case .long4: try pushLong(try reader.length(UInt32.self))
    default: push(.double(Double(bitPattern: try reader.integer(UInt64.self).byteSwapped)))
    }
  }

  private mutating func pushLong(_ count: Int) throws(CheckpointError) {
    guard count <= Limits.integerBytes else { throw tooMuch("has an integer of \(count) bytes") }
    let range = try reader.take(count)
    guard count <= 8 else { return push(.bigInteger(range)) }
    var value: UInt64 = 0
    for (position, index) in range.enumerated() {
      value |= UInt64(reader.bytes[index]) << UInt64(position * 8)
    }
    let unused = UInt64(64 - count * 8)
    push(.int(count == 0 ? 0 : Int64(bitPattern: value << unused) >> Int64(unused)))
  }

  private func tooLong(_ what: String, _ count: Int) -> CheckpointError {
    CheckpointError(
      .truncated, "has a \(what) of \(count) bytes where \(reader.remaining) are left",
      file: reader.file, subject: reader.subject, offset: start)
  }

  private mutating func takeText<T: FixedWidthInteger & UnsignedInteger>(
    _ type: T.Type
  ) throws(CheckpointError) -> Range<Int> {
    let count = try reader.length(type)
    guard count <= reader.remaining else { throw tooLong("string", count) }
    return try reader.take(count)
  }

  private mutating func pushText(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .binString, .shortBinString:
      let range =
        opcode == .binString ? try takeText(UInt32.self) : try takeText(UInt8.self)
      // A Python 2 string is text or bytes; as text where it can be, latin-1 otherwise.
      if let text = String(validating: reader.bytes[range], as: UTF8.self) {
        pushString(text)
      } else {
        push(.bytes(range))
      }
    case .binUnicode: try pushUnicode(takeText(UInt32.self))
    case .shortBinUnicode: try pushUnicode(takeText(UInt8.self))
    case .binUnicode8: try pushUnicode(takeText(UInt64.self))
    case .binBytes: push(.bytes(try takeText(UInt32.self)))
    case .shortBinBytes: push(.bytes(try takeText(UInt8.self)))
    default: push(.bytes(try takeText(UInt64.self)))
    }
  }

  private mutating func pushUnicode(_ range: Range<Int>) throws(CheckpointError) {
    guard let text = String(validating: reader.bytes[range], as: UTF8.self) else {
      throw damaged("text that is not UTF-8")
    }
    pushString(text)
  }

  private mutating func pushString(_ text: String) {
    arena.strings.append(text)
    push(.string(arena.strings.count - 1))
  }

  private mutating func useMemo(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .binGet: try recall(Int(try reader.integer(UInt8.self)))
    case .longBinGet: try recall(Int(try reader.integer(UInt32.self)))
    case .binPut: memo[Int(try reader.integer(UInt8.self))] = try top("BINPUT")
    case .longBinPut: memo[Int(try reader.integer(UInt32.self))] = try top("LONG_BINPUT")
    default: memo[memo.count] = try top("MEMOIZE")
    }
  }

  private mutating func recall(_ index: Int) throws(CheckpointError) {
    guard let value = memo[index] else { throw damaged("memo entry \(index) does not exist") }
    stack.append(value)
  }
}
