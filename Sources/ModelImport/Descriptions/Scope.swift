/// The names that expressions, templates and conditions of a description can use at one point.
struct Scope {
  var numbers: [String: Int] = [:]
  /// Options with word values, such as `padding`.
  var words: [String: String] = [:]

  /// The value of an expression, in which `{…}` may stand for parts of names: `blocks_{l} - 1`.
  func value(_ expression: Expression) throws(ImportError) -> Int {
    try Expression(expand(expression.text)).value(numbers)
  }

  /// `template` with each `{…}` replaced by the word or number it names.
  func expand(_ template: String) throws(ImportError) -> String {
    var result = ""
    var rest = template[...]
    while let open = rest.firstIndex(of: "{") {
      guard let close = rest[open...].firstIndex(of: "}") else {
        throw ImportError(.badDescription, "'\(template)' has a '{' without '}'")
      }
      let inside = String(rest[rest.index(after: open)..<close])
      result += rest[..<open]
      if let word = words[inside] {
        result += word
      } else {
        result += "\(try value(Expression(inside)))"
      }
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }

  /// `template` for one `i`.
  func expand(_ template: String, i: Int) throws(ImportError) -> String {
    var inner = self
    inner.numbers["i"] = i
    return try inner.expand(template)
  }

  /// Whether a condition holds: `has KEY`, `lacks KEY`, `A == B`, `A != B`, `A < B`, `A > B`, or
  /// `OPTION is WORD`.
  func holds(_ condition: String, hasKey: (String) -> Bool) throws(ImportError) -> Bool {
    let parts = condition.split(separator: " ").map(String.init)
    for word in ["has", "lacks"] where condition.hasPrefix(word + " ") {
      return hasKey(try expand(String(condition.dropFirst(word.count + 1)))) == (word == "has")
    }
    if parts.count == 3, parts[1] == "is" {
      guard let word = words[parts[0]] else {
        throw ImportError(.badDescription, "'\(condition)' names no option")
      }
      return word == parts[2]
    }
    for (mark, compare) in Self.comparisons {
      let sides = condition.components(around: mark)
      guard let sides else { continue }
      return compare(try value(Expression(sides.0)), try value(Expression(sides.1)))
    }
    throw ImportError(.badDescription, "'\(condition)' is not a condition")
  }

  private static let comparisons: [(String, @Sendable (Int, Int) -> Bool)] = [
    ("==", { $0 == $1 }), ("!=", { $0 != $1 }), ("<", { $0 < $1 }), (">", { $0 > $1 }),
  ]
}

extension String {
  fileprivate func components(around mark: String) -> (String, String)? {
    guard let range = firstRange(of: mark) else { return nil }
    return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
  }
}
