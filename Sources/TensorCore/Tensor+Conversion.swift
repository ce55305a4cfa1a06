extension Tensor {
  /// The tensor as `f32`; the same storage when it is `f32` already.
  ///
  /// Exact from `f16`, `bf16`, `i16`, `i8`, `u8` and `bool`; `f64`, `i64` and `i32` round to nearest.
  public func convertedToFloat32() -> Tensor {
    guard elementType != .float32 else { return self }
    let source = bytes
    let size = elementType.byteCount
    return Tensor(
      (0..<elementCount).map { Self.float(in: source, at: $0 * size, as: elementType) },
      shape: shape)
  }

  /// The `f32` tensor as `bf16`, rounded to nearest even; a NaN stays a NaN.
  public func convertedToBFloat16() -> Tensor {
    let values = floats
    return unsafe Tensor(elementType: .bfloat16, shape: shape) { bytes in
      for index in values.indices {
        unsafe bytes.storeBytes(
          of: Self.bfloat16(values[index]), toByteOffset: index * 2, as: UInt16.self)
      }
    }
  }

  private static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
  }

  private static func float(in bytes: RawSpan, at offset: Int, as type: ElementType) -> Float {
    func load<T: BitwiseCopyable>(_: T.Type) -> T {
      unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
    }
    switch type {
    case .float32: return load(Float.self)
    case .float64: return Float(load(Double.self))
    case .float16: return Float(load(Float16.self))
    case .bfloat16: return Float(bitPattern: UInt32(load(UInt16.self)) << 16)
    case .int64: return Float(load(Int64.self))
    case .int32: return Float(load(Int32.self))
    case .int16: return Float(load(Int16.self))
    case .int8: return Float(load(Int8.self))
    case .uint8: return Float(load(UInt8.self))
    case .bool: return load(UInt8.self) == 0 ? 0 : 1
    }
  }
}
