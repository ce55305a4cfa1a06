public import TensorCore

/// Which colour of a mask file marks the pixels to keep.
public enum MaskPolarity: String, CaseIterable, Sendable {
  /// White pixels are valid, black ones are missing.
  case white
  /// Black pixels are valid, white ones are missing.
  case black
}

/// How much of a mask is valid, missing or in between, in pixels.
public struct MaskCounts: Equatable, Sendable {
  /// Pixels of validity 1.
  public let valid: Int
  /// Pixels of validity 0.
  public let missing: Int
  /// All others.
  public let fractional: Int
}

/// Which pixels of a picture are known: 1 where valid, 0 where missing, fractions in between.
public struct Mask: Equatable, Sendable {
  /// Columns, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int
  /// `[height, width]` in C order, each in 0...1.
  public let validity: [Float]

  /// Traps unless there are `width * height` values in 0...1.
  public init(width: Int, height: Int, validity: [Float]) {
    precondition(width > 0 && height > 0, "a mask of \(width) x \(height) has no pixels")
    precondition(
      validity.count == width * height, "\(validity.count) values for a \(width) x \(height) mask")
    precondition(validity.allSatisfy { (0...1).contains($0) }, "a validity is not in 0...1")
    self.width = width
    self.height = height
    self.validity = validity
  }

  /// Reads a mask from a PNG or JPEG file; see `init(_:validColor:name:)`.
  ///
  /// - Throws: as `Picture.read`, and `unsupported` as the initialiser.
  public static func read(
    _ path: String, validColor: MaskPolarity, limits: ImagingLimits = ImagingLimits()
  ) throws(ImagingError) -> Mask {
    try Mask(Picture.read(path, limits: limits), validColor: validColor, name: path)
  }

  /// The mask that a picture shows: `v / maximumSample` for `white`, `(maximumSample - v) /
  /// maximumSample` for `black`, correctly rounded.
  ///
  /// `v` is the grey value; red, green and blue must be equal. Alpha that is opaque everywhere is
  /// ignored. A picture whose visible pixels are all white is an alpha-only mask: `v` is its alpha,
  /// which is the picture laid over black.
  /// - Throws: `unsupported` for colours, and for any other use of alpha, which has no one meaning.
  public init(
    _ picture: Picture, validColor: MaskPolarity, name: String
  ) throws(ImagingError) {
    let channels = picture.channels
    let alphaMatters = picture.hasAlpha && picture.hasTransparency
    if alphaMatters && !picture.isWhiteWhereVisible {
      throw ImagingError(
        .unsupported, "the mask has transparent pixels and visible ones that are not white",
        in: name, remedy: "save the mask in black and white without transparency")
    }
    let maximum = picture.maximumSample
    let scale = Float(maximum)
    var validity = [Float]()
    validity.reserveCapacity(picture.width * picture.height)
    for start in stride(from: 0, to: picture.samples.count, by: channels) {
      let first = picture.samples[start]
      if picture.colorChannels == 3 && !alphaMatters,
        picture.samples[start + 1] != first || picture.samples[start + 2] != first
      {
        let pixel = start / channels
        throw ImagingError(
          .unsupported,
          "the mask is coloured: pixel (\(pixel % picture.width), \(pixel / picture.width)) is "
            + "\(Array(picture.samples[start..<(start + 3)]))", in: name,
          remedy: "save the mask as greyscale")
      }
      let value = Int(alphaMatters ? picture.samples[start + channels - 1] : first)
      validity.append(Float(validColor == .white ? value : maximum - value) / scale)
    }
    self.init(width: picture.width, height: picture.height, validity: validity)
  }

  /// How many pixels are exactly 1, exactly 0, and neither.
  public var counts: MaskCounts {
    var valid = 0
    var missing = 0
    for value in validity {
      if value == 1 { valid += 1 }
      if value == 0 { missing += 1 }
    }
    return MaskCounts(
      valid: valid, missing: missing, fractional: validity.count - valid - missing)
  }

  /// The mask as `f32 [1, height, width, 1]`.
  public func tensor() -> Tensor { Tensor(validity, shape: [1, height, width, 1]) }
}

extension Picture {
  fileprivate var hasTransparency: Bool {
    stride(from: channels - 1, to: samples.count, by: channels)
      .contains { Int(samples[$0]) != maximumSample }
  }

  fileprivate var isWhiteWhereVisible: Bool {
    stride(from: 0, to: samples.count, by: channels).allSatisfy { start in
      samples[start + channels - 1] == 0
        || samples[start..<(start + colorChannels)].allSatisfy { Int($0) == maximumSample }
    }
  }
}
