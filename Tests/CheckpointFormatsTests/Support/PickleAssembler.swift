/// Instructions of a pickle, to be joined with `+`.
enum Pickle {
  static let mark: [UInt8] = [0x28]
  static let stop: [UInt8] = [0x2E]
  static let none: [UInt8] = [0x4E]
  static let emptyTuple: [UInt8] = [0x29]
  static let tuple: [UInt8] = [0x74]
  static let tuple1: [UInt8] = [0x85]
  static let tuple2: [UInt8] = [0x86]
  static let emptyList: [UInt8] = [0x5D]
  static let append: [UInt8] = [0x61]
  static let appends: [UInt8] = [0x65]
  static let emptyDictionary: [UInt8] = [0x7D]
  static let setItem: [UInt8] = [0x73]
  static let setItems: [UInt8] = [0x75]
  static let reduce: [UInt8] = [0x52]
  static let newObject: [UInt8] = [0x81]
  static let build: [UInt8] = [0x62]
  static let persistentID: [UInt8] = [0x51]
  static let no: [UInt8] = [0x89]
  static let yes: [UInt8] = [0x88]

  /// A whole pickle of protocol 2.
  static func file(_ body: [UInt8], protocol version: UInt8 = 2) -> [UInt8] {
    [0x80, version] + body + stop
  }

  static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    stride(from: 0, to: T.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> T($0)) }
  }

  static func int(_ value: Int) -> [UInt8] {
    if let small = Int32(exactly: value) { return [0x4A] + littleEndian(small) }
    return [0x8A, 8] + littleEndian(Int64(value))
  }

  static func double(_ value: Double) -> [UInt8] {
    [0x47] + littleEndian(value.bitPattern).reversed()
  }

  static func string(_ text: String) -> [UInt8] {
    [0x58] + littleEndian(UInt32(text.utf8.count)) + Array(text.utf8)
  }

  /// A Python 2 string.
  static func shortString(_ bytes: [UInt8]) -> [UInt8] { [0x55, UInt8(bytes.count)] + bytes }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + Array("\(module)\n\(name)\n".utf8)
  }

  static func put(_ index: UInt8) -> [UInt8] { [0x71, index] }
  static func get(_ index: UInt8) -> [UInt8] { [0x68, index] }

  static func tuple(_ items: [UInt8]...) -> [UInt8] { mark + items.joined() + tuple }
  static func list(_ items: [[UInt8]]) -> [UInt8] { emptyList + mark + items.joined() + appends }
  static func integers(_ values: [Int]) -> [UInt8] { mark + values.flatMap(int) + tuple }

  static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
    emptyDictionary + mark + items.flatMap { string($0.0) + $0.1 } + setItems
  }

  static func call(_ module: String, _ name: String, _ arguments: [UInt8]...) -> [UInt8] {
    global(module, name) + mark + arguments.joined() + tuple + reduce
  }

  /// An object made without arguments and given a state.
  static func object(_ module: String, _ name: String, state: [UInt8]) -> [UInt8] {
    global(module, name) + emptyTuple + newObject + state + build
  }

  static let orderedDictionary = global("collections", "OrderedDict") + emptyTuple + reduce

  static func storage(
    _ key: String, _ count: Int, type: String = "FloatStorage", view: [UInt8]? = nil
  ) -> [UInt8] {
    mark + string("storage") + global("torch", type) + string(key) + string("cpu") + int(count)
      + (view ?? []) + tuple + persistentID
  }

  /// A tensor over the start of a storage of its own, unless told otherwise.
  static func tensor(
    _ key: String, shape: [Int], strides: [Int]? = nil, offset: Int = 0, count: Int? = nil,
    type: String = "FloatStorage", view: [UInt8]? = nil
  ) -> [UInt8] {
    var order = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      order[axis] = order[axis + 1] &* shape[axis + 1]
    }
    return call(
      "torch._utils", "_rebuild_tensor_v2",
      storage(key, count ?? shape.reduce(1, &*), type: type, view: view), int(offset),
      integers(shape), integers(strides ?? order), no, orderedDictionary)
  }
}
