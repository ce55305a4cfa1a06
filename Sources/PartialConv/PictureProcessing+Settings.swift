import ModelImport

extension PictureProcessing {
  /// The fields as the model file stores them.
  var settings: [(name: String, value: String)] {
    [
      ("mean", Self.text(mean)), ("deviation", Self.text(deviation)),
      ("feeds-masked-picture", "\(feedsMaskedPicture)"),
      ("output-is-normalised", "\(outputIsNormalised)"),
    ]
  }

  /// Reads what `settings` wrote; nil when there are none or they are not complete.
  init?(settings: [(name: String, value: String)]) {
    func value(_ name: String) -> String? { settings.first { $0.name == name }?.value }
    guard let mean = value("mean").flatMap(Self.numbers), mean.count == 3,
      let deviation = value("deviation").flatMap(Self.numbers), deviation.count == 3,
      let feedsMasked = value("feeds-masked-picture").flatMap(Bool.init),
      let isNormalised = value("output-is-normalised").flatMap(Bool.init)
    else { return nil }
    self.init(
      mean: mean, deviation: deviation, feedsMaskedPicture: feedsMasked,
      outputIsNormalised: isNormalised)
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
