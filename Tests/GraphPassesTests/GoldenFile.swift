import Foundation
import GraphIR
import TensorCore
import Testing

/// A text file of graphs before and after one pass.
///
/// ```text
/// case joins a mask, a ratio and a bias
/// given
/// graph @g(…) -> (…) {
/// }
/// result
/// graph @g(…) -> (…) {
/// }
/// ```
/// With `PCONV_BLESS=1` a run writes what the pass makes into the file, and fails once.
struct GoldenFile {
  struct Case: Sendable, CustomTestStringConvertible {
    let pass: String
    let title: String
    let given: String
    let result: String
    var testDescription: String { "\(pass): \(title)" }

    /// Whether the pass has to leave this graph alone.
    var isKept: Bool { title.hasPrefix("keeps ") }
  }

  static let isBlessing = ProcessInfo.processInfo.environment["PCONV_BLESS"] == "1"

  static func cases(of pass: String) -> [Case] {
    guard let text = try? String(contentsOf: url(pass), encoding: .utf8) else { return [] }
    return text.split(separator: "case ").map { part in
      let lines = part.split(separator: "\n", omittingEmptySubsequences: false)
      let result = lines.firstIndex(of: "result") ?? lines.endIndex
      func text(_ lines: ArraySlice<Substring>) -> String {
        lines.joined(separator: "\n").trimmingCharacters(in: .newlines) + "\n"
      }
      return Case(
        pass: pass, title: String(lines[0]), given: text(lines[..<result].dropFirst(2)),
        result: text(lines[result...].dropFirst()))
    }
  }

  static func write(_ cases: [Case], of pass: String) throws {
    let parts = cases.map { "case \($0.title)\ngiven\n\($0.given)result\n\($0.result)" }
    try parts.joined(separator: "\n").write(to: url(pass), atomically: true, encoding: .utf8)
  }

  private static func url(_ pass: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(pass).txt")
  }
}

extension GoldenFile.Case {
  /// The graph that `text` is, with tensors that their names describe.
  func graph(_ text: String) throws -> VerifiedGraph {
    var tensors: [String: Tensor] = [:]
    for match in text.matches(of: /constant @([^ ]+) : f32\[([0-9,]+)\]/) {
      let shape = match.2.split(separator: ",").compactMap { Int($0) }
      tensors[String(match.1)] = Self.tensor(String(match.1), shape)
    }
    return try VerifiedGraph(GraphParser.parse(text, constants: tensors))
  }

  /// `ones…` and `zeros…`; `same…`, a kernel whose filters are equal; `positive…`, such as a variance;
  /// otherwise values in -1...1.
  private static func tensor(_ name: String, _ shape: [Int]) -> Tensor {
    var random = SeededGenerator(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let count = Tensor.elementCount(of: shape)
    if name.hasPrefix("ones") { return Tensor([Float](repeating: 1, count: count), shape: shape) }
    if name.hasPrefix("zeros") { return Tensor([Float](repeating: 0, count: count), shape: shape) }
    if name.hasPrefix("positive") { return random.tensor(shape, in: 0.5...2) }
    guard name.hasPrefix("same") else { return random.tensor(shape) }
    let filter = random.tensor([1] + shape.dropFirst()).floatArray
    return Tensor((0..<shape[0]).flatMap { _ in filter }, shape: shape)
  }
}
