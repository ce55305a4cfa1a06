#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An immutable dense array in C order: element type, shape, and 64-byte-aligned little-endian bytes.
///
/// Copies share storage. Values are bit-preserving: no operation here normalises a NaN or a zero.
public struct Tensor: Sendable {
  public let elementType: ElementType
  public let shape: [Int]
  package let storage: AlignedStorage

  package init(elementType: ElementType, shape: [Int], storage: AlignedStorage) {
    precondition(
      storage.byteCount == Self.elementCount(of: shape) * elementType.byteCount,
      "storage of \(storage.byteCount) bytes does not hold \(elementType) \(shape)")
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
  }

  /// Creates a tensor whose zeroed bytes `fill` overwrites.
  ///
  /// Callers that take `shape` from a file check it against the file's size first: the allocation
  /// is made at once.
  public init<Failure: Error>(
    elementType: ElementType, shape: [Int],
    fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let byteCount = Self.elementCount(of: shape) * elementType.byteCount
    try unsafe self.init(
      elementType: elementType, shape: shape,
      storage: AlignedStorage(byteCount: byteCount, fill: fill))
  }

  /// Creates an `f32` tensor from values in C order.
  public init(_ values: [Float], shape: [Int]) {
    precondition(
      values.count == Self.elementCount(of: shape), "\(values.count) values for shape \(shape)")
    unsafe self.init(elementType: .float32, shape: shape) { destination in
      unsafe values.withUnsafeBytes { unsafe destination.copyMemory(from: $0) }
    }
  }

  /// An `f32` scalar (rank 0).
  public init(scalar: Float) { self.init([scalar], shape: []) }

  public var elementCount: Int { Self.elementCount(of: shape) }
  public var byteCount: Int { storage.byteCount }

  /// The raw bytes in C order.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get { storage.bytes }
  }

  /// The elements of an `f32` tensor.
  public var floats: Span<Float> {
    @_lifetime(borrow self)
    get {
      precondition(elementType == .float32, "floats of a tensor of \(elementType)")
      return unsafe storage.bytes._unsafeView(as: Float.self)
    }
  }

  /// The elements of an `f32` tensor, copied.
  public var floatArray: [Float] {
    let span = floats
    return unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
  }

  /// The elements of a `bool` tensor, copied.
  public var boolArray: [Bool] {
    precondition(elementType == .bool, "booleans of a tensor of \(elementType)")
    let span = bytes
    return (0..<span.byteCount).map {
      unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) != 0
    }
  }

  /// The same elements under another shape of equal size.
  public func reshaped(to shape: [Int]) -> Tensor {
    Tensor(elementType: elementType, shape: shape, storage: storage)
  }

  /// Number of elements of `shape`; 1 for rank 0.
  public static func elementCount(of shape: [Int]) -> Int { shape.reduce(1, *) }
}

extension Tensor: Equatable {
  /// Same type, shape and bits (so a NaN equals the same NaN, and -0 differs from 0).
  public static func == (lhs: Tensor, rhs: Tensor) -> Bool {
    guard lhs.elementType == rhs.elementType, lhs.shape == rhs.shape else { return false }
    if lhs.storage === rhs.storage { return true }
    let left = lhs.bytes
    let right = rhs.bytes
    return unsafe left.withUnsafeBytes { leftBytes in
      unsafe right.withUnsafeBytes { rightBytes in
        guard let first = leftBytes.baseAddress, let second = rightBytes.baseAddress else {
          return true
        }
        return unsafe memcmp(first, second, leftBytes.count) == 0
      }
    }
  }
}
