package import GraphPasses

/// A wish that some layers compute with at least so many bits, written `f32:GLOB` or `bf16:GLOB`.
public struct KeepRule: Hashable, Sendable {
  package let precision: Precision
  package let pattern: String

  /// - Parameter text: the precision, a colon, and a name in which `*` stands for any characters
  ///   and `?` for one.
  /// - Throws: `.badRequest` for another form.
  public init(_ text: String) throws(CalibrationError) {
    guard let colon = text.firstIndex(of: ":"),
      let precision = Precision(rawValue: String(text[..<colon])), precision != .int8,
      colon < text.index(before: text.endIndex)
    else {
      throw CalibrationError(
        .badRequest, "--keep \(text): needs f32:NAME or bf16:NAME; * and ? stand for characters")
    }
    self.precision = precision
    pattern = String(text[text.index(after: colon)...])
  }

  /// Whether the whole name fits the pattern.
  package func matches(_ name: String) -> Bool {
    let (wanted, letters) = (Array(pattern), Array(name))
    var (place, index) = (0, 0)
    var star: (place: Int, index: Int)?
    while index < letters.count {
      if place < wanted.count, wanted[place] == "*" {
        star = (place, index)
        place += 1
      } else if place < wanted.count, wanted[place] == "?" || wanted[place] == letters[index] {
        place += 1
        index += 1
      } else if let last = star {
        star = (last.place, last.index + 1)
        (place, index) = (last.place + 1, last.index + 1)
      } else {
        return false
      }
    }
    return wanted[place...].allSatisfy { $0 == "*" }
  }
}
