import TensorCore

/// The element type of a PyTorch storage.
struct TorchStorageType: Hashable {
  /// The matching element type, or nil when tensors of it are not read.
  let elementType: ElementType?
  /// Size in bytes of what the storage counts.
  let byteCount: Int

  /// The type of a storage class, or nil when the class is unknown.
  init?(_ global: PickleGlobal) {
    guard global.module.split(separator: ".").first == "torch" else { return nil }
    if let type = Self.elementTypes[global.name] {
      self.init(elementType: type, byteCount: type.byteCount)
    } else if let size = Self.otherSizes[global.name] {
      self.init(elementType: nil, byteCount: size)
    } else {
      return nil
    }
  }

  private init(elementType: ElementType?, byteCount: Int) {
    self.elementType = elementType
    self.byteCount = byteCount
  }

  private static let elementTypes: [String: ElementType] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
    "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]

  private static let otherSizes = [
    "UntypedStorage": 1, "_UntypedStorage": 1, "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16, "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4,
    "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
  ]

  /// The element type that a `torch.dtype` names, or nil when it is not read.
  static func elementType(named name: String) -> ElementType? {
    switch name {
    case "float32", "float": .float32
    case "float64", "double": .float64
    case "float16", "half": .float16
    case "bfloat16": .bfloat16
    case "int64", "long": .int64
    case "int32", "int": .int32
    case "int16", "short": .int16
    case "int8": .int8
    case "uint8": .uint8
    case "bool": .bool
    default: nil
    }
  }
}

/// A storage as a pickle refers to it: `('storage', class, key, location, count, view)`.
struct TorchStorage {
  let key: String
  let type: TorchStorageType
  /// Number of elements of the whole storage (bytes when untyped).
  let count: Int
  /// First element and number of elements that a legacy view covers.
  let view: Range<Int>
  /// Size of the whole storage in bytes.
  let byteCount: Int
}

/// Every storage a pickle refers to.
struct TorchStorageTable {
  /// By the value that refers to them.
  private(set) var references: [PickleID: TorchStorage] = [:]
  /// By key; one entry per storage of the file.
  private(set) var storages: [String: TorchStorage] = [:]

  /// Reads every reference and checks that those to one storage agree.
  init(_ arena: PickleArena, file: String, subject: String) throws(CheckpointError) {
    for (index, node) in arena.nodes.enumerated() {
      guard case .persistent(let identifier) = node else { continue }
      let storage = try Self.storage(identifier, arena, file: file, subject: subject)
      references[PickleID(index: UInt32(index))] = storage
      if let known = storages[storage.key],
        known.type != storage.type || known.count != storage.count
      {
        throw CheckpointError(
          .corrupt, "gives storage '\(storage.key)' two types or sizes", file: file,
          subject: subject)
      }
      storages[storage.key] = storage
    }
  }

  private static func storage(
    _ identifier: PickleID, _ arena: PickleArena, file: String, subject: String
  ) throws(CheckpointError) -> TorchStorage {
    func corrupt(_ message: String) -> CheckpointError {
      CheckpointError(.corrupt, message, file: file, subject: subject)
    }
    guard let parts = arena.elements(identifier), parts.count >= 5, parts.count <= 6,
      arena.string(parts[0]) == "storage", let global = arena.global(parts[1]),
      let key = arena.string(parts[2]), let count = arena.int(parts[4])
    else { throw corrupt("refers to something that is not a storage") }
    guard let type = TorchStorageType(global) else {
      throw CheckpointError(
        .unsupported, "uses the storage type \(global.qualifiedName)", file: file,
        subject: subject)
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
    guard count >= 0, !overflow else {
      throw corrupt("declares storage '\(key)' of \(count) elements")
    }
    var view = 0..<count
    if parts.count == 6, let fields = arena.elements(parts[5]) {
      guard fields.count == 3, let start = arena.int(fields[1]), let length = arena.int(fields[2]),
        start >= 0, length >= 0, start <= count, length <= count - start
      else { throw corrupt("has a view past the end of storage '\(key)'") }
      view = start..<start + length
    }
    return TorchStorage(key: key, type: type, count: count, view: view, byteCount: byteCount)
  }
}
