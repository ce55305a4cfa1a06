import Testing

@testable import ModelImport

@Suite struct ExpressionTests {
  private let variables = ["levels": 8, "i": 3]

  @Test(arguments: [
    ("7", 7), ("levels", 8), ("levels - 1", 7), ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9),
    ("2 ^ levels", 256), ("2 ^ 3 * 2", 16), ("(i + 1) / 2", 2), ("10 - 3 - 2", 5),
    ("100 / 10 / 2", 5), ("  i+i ", 6), ("0 - i", -3), ("2 ^ 0", 1),
  ])
  func `computes`(_ text: String, _ value: Int) throws {
    #expect(try Expression(text).value(variables) == value)
  }

  @Test(arguments: [
    ("", "lacks a number or name"), ("1 +", "lacks a number or name"), ("(1", "lacks a ')'"),
    ("1 2", "left over"), ("depth", "'depth', unknown here"), ("1 / 0", "divides by zero"),
    ("2 ^ 63", "raises to 63"), ("2 ^ (0 - 1)", "raises to -1"), ("10 ^ 19", "out of range"),
    ("2 ^ 62 * 2", "out of range"), ("2 ^ 62 + 2 ^ 62", "out of range"), ("-1", "lacks"),
    ("99999999999999999999", "unknown here"), ("1 % 2", "left over"),
  ])
  func `rejects an expression that has no value`(_ text: String, _ words: String) {
    let error = #expect(throws: ImportError.self) { try Expression(text).value(variables) }
    #expect(error?.code == .badDescription)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("'\(text)'") == true)
  }

  @Test func `rejects an expression that nests too deeply`() {
    let text = String(repeating: "(", count: 100_000)
    let error = #expect(throws: ImportError.self) { try Expression(text).value([:]) }
    #expect(error?.code == .badDescription)
  }

  private var scope: Scope {
    Scope(numbers: ["i": 3, "blocks_3": 5, "l": 3], words: ["padding": "global"])
  }

  @Test(arguments: [
    ("encoder.{i}.weight", "encoder.3.weight"), ("level_{i - 1}", "level_2"),
    ("{padding}", "global"), ("plain", "plain"), ("{i}{i}", "33"),
  ])
  func `fills in templates`(_ template: String, _ text: String) throws {
    #expect(try scope.expand(template) == text)
  }

  @Test func `takes names with parts to fill in`() throws {
    #expect(try scope.value(Expression("blocks_{l} - 1")) == 4)
  }

  @Test(arguments: ["level_{i", "{depth}", "{}"])
  func `rejects a template that names nothing`(_ template: String) {
    let error = #expect(throws: ImportError.self) { try scope.expand(template) }
    #expect(error?.code == .badDescription)
  }

  @Test(arguments: [
    ("i == 3", true), ("i != 3", false), ("i < 4", true), ("i > 3", false),
    ("has layer.3", true), ("has layer.{i}", true), ("lacks layer.3", false),
    ("lacks layer.4", true), ("padding is global", true), ("padding is zero", false),
    ("i + 1 == 2 ^ 2", true),
  ])
  func `decides conditions`(_ condition: String, _ expected: Bool) throws {
    #expect(try scope.holds(condition) { $0 == "layer.3" } == expected)
  }

  @Test(arguments: ["", "i", "i = 3", "colour is red", "has", "i == depth", "== 3"])
  func `rejects a condition that says nothing`(_ condition: String) {
    let error = #expect(throws: ImportError.self) { try scope.holds(condition) { _ in true } }
    #expect(error?.code == .badDescription)
  }

  @Test(arguments: [
    ("a.b.weight", "a.b.weight", true), ("a.b.weight", "*.weight", true),
    ("a.b.weight", "a.*", true), ("a.b.weight", "a.*.weight", true), ("a.b.weight", "b*", false),
    ("a.weight", "a.*.weight", false), ("weight", "*", true), ("ab", "a*b*b", false),
    ("a.x.b.y.c", "a*b*c", true), ("", "*", true), ("a", "", false), ("aa", "a*a", true),
    ("a", "a*a", false),
  ])
  func `compares names with patterns`(_ name: String, _ pattern: String, _ fits: Bool) {
    #expect(name.matches(pattern) == fits)
  }
}
