/// Writes ONNX models byte by byte, right and wrong ones.
///
/// - Source: onnx.proto; the field numbers are those of Schemas/onnx.proto.
public enum ONNXAssembler {
  /// A whole model of IR version 8.
  public static func model(_ graph: [UInt8], opset: Int = 13, domain: String = "") -> [UInt8] {
    number(1, 8) + text(2, "test") + field(7, graph)
      + field(8, (domain.isEmpty ? [] : text(1, domain)) + number(2, opset))
  }

  public static func graph(
    nodes: [[UInt8]], initializers: [[UInt8]] = [], inputs: [[UInt8]], outputs: [String]
  ) -> [UInt8] {
    nodes.flatMap { field(1, $0) } + text(2, "graph") + initializers.flatMap { field(5, $0) }
      + inputs.flatMap { field(11, $0) } + outputs.flatMap { field(12, text(1, $0)) }
  }

  public static func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [[UInt8]] = [],
    domain: String = ""
  ) -> [UInt8] {
    inputs.flatMap { text(1, $0) } + outputs.flatMap { text(2, $0) }
      + text(3, (outputs.first ?? "") + "_node") + text(4, type)
      + attributes.flatMap { field(5, $0) } + (domain.isEmpty ? [] : text(7, domain))
  }

  public static func attribute(_ name: String, integer: Int) -> [UInt8] {
    text(1, name) + number(3, integer) + number(20, 2)
  }

  public static func attribute(_ name: String, integers: [Int]) -> [UInt8] {
    text(1, name) + integers.flatMap { number(8, $0) } + number(20, 7)
  }

  public static func attribute(_ name: String, text value: String) -> [UInt8] {
    text(1, name) + text(4, value) + number(20, 3)
  }

  public static func attribute(_ name: String, tensor: [UInt8]) -> [UInt8] {
    text(1, name) + field(5, tensor) + number(20, 4)
  }

  /// A tensor whose elements are `raw` bytes.
  public static func tensor(
    _ name: String, type: Int = 1, shape: [Int], raw: [UInt8]
  ) -> [UInt8] {
    header(name, type, shape) + field(9, raw)
  }

  public static func tensor(_ name: String, shape: [Int], floats: [Float]) -> [UInt8] {
    tensor(name, shape: shape, raw: floats.flatMap { littleEndian($0.bitPattern) })
  }

  public static func tensor(_ name: String, integers: [Int]) -> [UInt8] {
    tensor(
      name, type: 7, shape: [integers.count],
      raw: integers.flatMap { littleEndian(UInt64(bitPattern: Int64($0))) })
  }

  /// A tensor in another file.
  public static func tensor(
    _ name: String, shape: [Int], external: [(String, String)]
  ) -> [UInt8] {
    header(name, 1, shape)
      + external.flatMap { field(13, text(1, $0.0) + text(2, $0.1)) } + number(14, 1)
  }

  public static func header(_ name: String, _ type: Int, _ shape: [Int]) -> [UInt8] {
    shape.flatMap { number(1, $0) } + number(2, type) + text(8, name)
  }

  /// An input; axes are numbers or names.
  public static func input(_ name: String, type: Int = 1, _ axes: [Any]) -> [UInt8] {
    let shape = axes.flatMap { axis in
      field(1, (axis as? Int).map { number(1, $0) } ?? text(2, axis as? String ?? ""))
    }
    return text(1, name) + field(2, field(1, number(1, type) + field(2, shape)))
  }

  public static func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
    varint(UInt64(number << 3 | 2)) + varint(UInt64(content.count)) + content
  }

  public static func text(_ number: Int, _ content: String) -> [UInt8] {
    field(number, Array(content.utf8))
  }

  public static func number(_ number: Int, _ value: Int) -> [UInt8] {
    varint(UInt64(number << 3)) + varint(UInt64(bitPattern: Int64(value)))
  }

  public static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    stride(from: 0, to: T.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> T($0)) }
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
