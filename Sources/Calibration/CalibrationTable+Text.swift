import GraphPasses

extension CalibrationTable {
  private static let heading = "# Calibration table of a partial-convolution network, version 1"

  /// The header that explains the table to the person who opens it.
  private static let explanation = """
    #
    # Every line is a word, its numbers, and a name, which goes to the end of the line.
    #
    #   layer PRECISION NAME
    #       how the layer computes: int8, bf16 or f32. Change the word to keep a layer wider.
    #       A layer without a line computes as --precision says.
    #   picture MINIMUM MAXIMUM NAME
    #       the values that 8 bits are spread over, for the picture that the layer NAME makes, or
    #       for the input NAME; smaller and larger values are cut off. Layers that read the picture
    #       share the range. It is widened to hold 0, which is stored exactly.
    #   correction VALUE,VALUE,... NAME
    #       added to the bias of the layer NAME when it computes in int8, one value for each output
    #       channel. Delete the line to do without.
    #
    # Lines that start with # and empty lines mean nothing.
    """

  /// The table as a text file; equal tables give equal texts.
  package var text: String {
    var lines = [Self.heading, Self.explanation, ""]
    lines += layers.map { "layer \($0.precision.rawValue) \($0.name)" }
    lines.append("")
    lines += pictures.map { "picture \($0.range.minimum) \($0.range.maximum) \($0.name)" }
    lines.append("")
    lines += corrections.map { correction in
      "correction \(correction.values.map(\.description).joined(separator: ",")) "
        + correction.layer
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Reads a table.
  ///
  /// - Parameter file: the name in errors.
  /// - Throws: `.badTable` naming the file, the line by its number, and what is wrong with it.
  package init(parsing text: String, file: String) throws(CalibrationError) {
    self.init()
    var seen: Set<[String]> = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let trimmed = line.drop { $0 == " " || $0 == "\t" }
      guard !trimmed.isEmpty, trimmed.first != "#" else { continue }
      var reader = LineReader(rest: trimmed, place: "\(file):\(index + 1)")
      let kind = try reader.word("layer, picture or correction")
      let name = try add(kind, &reader)
      guard seen.insert([kind, name]).inserted else {
        throw reader.fault("a second \(kind) line for '\(name)'")
      }
    }
  }

  private mutating func add(
    _ kind: String, _ reader: inout LineReader
  ) throws(CalibrationError) -> String {
    switch kind {
    case "layer":
      let word = try reader.word("a precision")
      guard let precision = Precision(rawValue: word) else {
        throw reader.fault("'\(word)' is no precision: write int8, bf16 or f32")
      }
      layers.append(Layer(name: try reader.name(), precision: precision))
      return layers[layers.count - 1].name
    case "picture":
      let minimum = try reader.number("the smallest value")
      let maximum = try reader.number("the largest value")
      guard minimum <= maximum else {
        throw reader.fault("the smallest value \(minimum) is above the largest \(maximum)")
      }
      pictures.append(Picture(name: try reader.name(), range: ValueRange(minimum, maximum)))
      return pictures[pictures.count - 1].name
    case "correction":
      let values = try reader.numbers("the values, with commas between them")
      corrections.append(Correction(layer: try reader.name(), values: values))
      return corrections[corrections.count - 1].layer
    default:
      throw reader.fault("'\(kind)' begins no line: write layer, picture or correction")
    }
  }
}

/// The words of one line.
private struct LineReader {
  var rest: Substring
  let place: String

  mutating func word(_ what: String) throws(CalibrationError) -> String {
    let word = rest.prefix { $0 != " " && $0 != "\t" }
    guard !word.isEmpty else { throw fault("\(what) is missing") }
    rest = rest.dropFirst(word.count).drop { $0 == " " || $0 == "\t" }
    return String(word)
  }

  mutating func number(_ what: String) throws(CalibrationError) -> Float {
    try parsed(word(what))
  }

  mutating func numbers(_ what: String) throws(CalibrationError) -> [Float] {
    var values: [Float] = []
    for part in try word(what).split(separator: ",", omittingEmptySubsequences: false) {
      values.append(try parsed(String(part)))
    }
    return values
  }

  /// The rest of the line, less spaces at its end.
  func name() throws(CalibrationError) -> String {
    var name = rest
    while let last = name.last, last == " " || last == "\t" { name.removeLast() }
    guard !name.isEmpty else { throw fault("the name is missing") }
    return String(name)
  }

  func fault(_ message: String) -> CalibrationError {
    CalibrationError(.badTable, "\(place): \(message)")
  }

  private func parsed(_ word: String) throws(CalibrationError) -> Float {
    guard let value = Float(word), value.isFinite else { throw fault("'\(word)' is no number") }
    return value
  }
}
