/// Splits the text form into words, numbers, quoted labels and punctuation.
struct GraphLexer {
  enum Token: Hashable {
    case word(String)
    case value(UInt32)
    case constant(String)
    case number(String)
    case label(String)
    case mark(Character)
    case end
  }

  private let characters: [Character]
  private var position = 0

  init(_ text: String) { characters = Array(text) }

  /// The line of the next token, from 1.
  var line: Int { characters[..<position].count(where: \.isNewline) + 1 }

  mutating func next() throws(GraphError) -> Token {
    while position < characters.count, characters[position].isWhitespace { position += 1 }
    guard position < characters.count else { return .end }
    let first = characters[position]
    switch first {
    case "%":
      position += 1
      let digits = take { $0.isNumber }
      if digits.isEmpty { return .mark("%") }
      guard let id = UInt32(digits), id < Self.valueLimit else {
        throw GraphError(.syntax, "line \(line): '%\(digits)' is not a value")
      }
      return .value(id)
    case "@":
      position += 1
      if position < characters.count, characters[position] == "\"" {
        return .constant(try quoted())
      }
      return .constant(take(while: Self.isConstantCharacter))
    case "\"":
      return .label(try quoted())
    case _ where !first.isNumber && Self.isWordCharacter(first) && first != ".":
      return .word(take(while: Self.isWordCharacter))
    case _ where first.isNumber:
      return .number(number())
    default:
      position += 1
      return .mark(first)
    }
  }

  /// Identifiers stay below this, so that a pass can always make another value.
  private static let valueLimit: UInt32 = 1 << 30

  /// What a constant's name may hold in the text form without quotes.
  static func isConstantCharacter(_ character: Character) -> Bool {
    isWordCharacter(character) || "/:-".contains(character)
  }

  static func isWordCharacter(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber) || "_.".contains(character)
  }

  private mutating func number() -> String {
    var text = take { $0.isNumber || $0 == "." }
    if position < characters.count, characters[position] == "e" {
      position += 1
      let sign = take { $0 == "-" || $0 == "+" }
      text += "e" + sign + take { $0.isNumber }
    }
    return text
  }

  private mutating func quoted() throws(GraphError) -> String {
    let start = line
    var text = ""
    position += 1
    while position < characters.count, characters[position] != "\"" {
      if characters[position] == "\\" { position += 1 }
      if position < characters.count { text.append(characters[position]) }
      position += 1
    }
    guard position < characters.count else {
      throw GraphError(.syntax, "line \(start): a name has no closing quote")
    }
    position += 1
    return text
  }

  private mutating func take(while isPart: (Character) -> Bool) -> String {
    let start = position
    while position < characters.count, isPart(characters[position]) { position += 1 }
    return String(characters[start..<position])
  }
}
