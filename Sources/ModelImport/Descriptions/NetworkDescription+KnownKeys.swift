import Foundation

/// A description whose every key is known, so that typing errors do not pass as absent options.
struct CheckedDescription: Decodable {
  let description: NetworkDescription

  init(from decoder: any Decoder) throws {
    try decoder.requireKnownKeys(NetworkDescription.CodingKeys.self)
    let fields = try decoder.container(keyedBy: NetworkDescription.CodingKeys.self)
    try fields.require(NetworkDescription.Recognition.CodingKeys.self, in: .recognise)
    try fields.require(NetworkDescription.Input.CodingKeys.self, in: .image)
    try fields.require(NetworkDescription.Input.CodingKeys.self, in: .mask)
    try fields.require(PictureProcessing.CodingKeys.self, in: .picture)
    if fields.contains(.options) {
      let options = try fields.superDecoder(forKey: .options).container(keyedBy: AnyKey.self)
      for name in options.allKeys {
        try options.superDecoder(forKey: name)
          .requireKnownKeys(NetworkDescription.Option.CodingKeys.self)
      }
    }
    if fields.contains(.variables) {
      var variables = try fields.nestedUnkeyedContainer(forKey: .variables)
      while !variables.isAtEnd {
        try variables.superDecoder()
          .requireKnownKeys(NetworkDescription.Variable.CodingKeys.self)
      }
    }
    description = try NetworkDescription(from: decoder)
    if let fault = description.pictureFault {
      throw DecodingError.dataCorruptedError(
        forKey: .picture, in: fields, debugDescription: fault)
    }
  }
}

extension NetworkDescription {
  /// What is wrong with how pictures are prepared, or nil.
  fileprivate var pictureFault: String? {
    guard let picture else { return nil }
    if picture.mean.count != 3 || picture.deviation.count != 3 {
      return "'mean' and 'deviation' need a number for red, green and blue each"
    }
    let sizes = [picture.resize, picture.crop].compactMap(\.self)
    if !sizes.allSatisfy(PictureProcessing.sides.contains) {
      return "'resize' and 'crop' are pixels, at least 1 and at most "
        + "\(PictureProcessing.sides.upperBound)"
    }
    if !sizes.isEmpty && mask != nil {
      return "'resize' and 'crop' are for networks that take no mask"
    }
    return nil
  }
}

extension KeyedDecodingContainer {
  fileprivate func require<Keys: CodingKey & CaseIterable>(_: Keys.Type, in key: Key) throws {
    guard contains(key) else { return }
    try superDecoder(forKey: key).requireKnownKeys(Keys.self)
  }
}

extension Decoder {
  /// - Throws: `DecodingError` naming a key that `Keys` does not have, so that typing errors show.
  func requireKnownKeys<Keys: CodingKey & CaseIterable>(_: Keys.Type) throws {
    let known = Set(Keys.allCases.map(\.stringValue))
    let container = try container(keyedBy: AnyKey.self)
    let unknown = container.allKeys.map(\.stringValue).filter { !known.contains($0) }
    guard let first = unknown.min() else { return }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath,
        debugDescription: "'\(first)' is not known here; "
          + "known are \(known.sorted().joined(separator: ", "))"))
  }
}

private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
