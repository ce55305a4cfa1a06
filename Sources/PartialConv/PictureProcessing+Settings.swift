import ModelImport

extension PictureProcessing {
  /// The fields as the model file stores them; sizes only where there are any.
  var settings: [(name: String, value: String)] {
    let sizes = [("resize", resize), ("crop", crop)].compactMap { name, size in
      size.map { (name: name, value: "\($0)") }
    }
    return sizes + [
      ("mean", Self.text(mean)), ("deviation", Self.text(deviation)),
      ("feeds-masked-picture", "\(feedsMaskedPicture)"),
      ("output-is-normalised", "\(outputIsNormalised)"),
    ]
  }

  /// Reads what `settings` wrote; nil when there are none, or they are not complete or not sound.
  init?(settings: [(name: String, value: String)]) {
    func value(_ name: String) -> String? { settings.first { $0.name == name }?.value }
    guard let mean = value("mean").flatMap(Self.numbers), mean.count == 3,
      let deviation = value("deviation").flatMap(Self.numbers), deviation.count == 3,
      let feedsMasked = value("feeds-masked-picture").flatMap(Bool.init),
      let isNormalised = value("output-is-normalised").flatMap(Bool.init)
    else { return nil }
    let sizes = ["resize", "crop"].map(value)
    let sides = sizes.map { $0.flatMap { Int($0) }.flatMap { Self.sides.contains($0) ? $0 : nil } }
    guard zip(sizes, sides).allSatisfy({ ($0 == nil) == ($1 == nil) }) else { return nil }
    self.init(
      resize: sides[0], crop: sides[1], mean: mean, deviation: deviation,
      feedsMaskedPicture: feedsMasked, outputIsNormalised: isNormalised)
  }

  private static func text(_ numbers: [Float]) -> String {
    numbers.map(\.description).joined(separator: " ")
  }

  private static func numbers(_ text: String) -> [Float]? {
    let parts = text.split(separator: " ").map { Float($0) }
    let values = parts.compactMap(\.self)
    return values.count == parts.count ? values : nil
  }
}
