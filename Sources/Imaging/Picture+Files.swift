import FileAccess

/// The file formats a picture can be written in.
public enum PictureFormat: String, CaseIterable, Sendable {
  /// Lossless; every picture fits.
  case png
  /// Lossy, quality 95; 8-bit grey or RGB only.
  case jpeg

  /// The format that the extension of `path` names: `.png`, `.jpg` or `.jpeg`, in any case.
  public init?(extensionOf path: String) {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: ".") else { return nil }
    switch name[dot...].lowercased() {
    case ".png": self = .png
    case ".jpg", ".jpeg": self = .jpeg
    default: return nil
    }
  }
}

extension Picture {
  /// Reads a PNG or JPEG file, recognised by its first bytes, never by its name.
  ///
  /// PNG samples are exact; JPEGs are turned upright by their EXIF orientation. Colour profiles are
  /// kept, but not applied.
  /// - Throws: `unreadable`, `unsupported` for another format or kind, `corrupt`, `limitExceeded`.
  public static func read(
    _ path: String, limits: ImagingLimits = ImagingLimits()
  ) throws(ImagingError) -> Picture {
    let file = try ImagingError.reporting { () throws(FileAccessError) in
      try InputFile(path: path)
    }
    guard file.byteCount <= limits.maximumFileBytes else {
      throw ImagingError(
        .limitExceeded,
        "the file has \(file.byteCount) bytes, more than the limit of \(limits.maximumFileBytes)",
        in: path, remedy: "give a smaller file or raise the limit on file bytes")
    }
    let bytes = try ImagingError.reporting { () throws(FileAccessError) in try file.contents() }
    return try Picture(decoding: bytes, name: path, limits: limits)
  }

  /// Decodes a PNG or JPEG file in memory, as `read` does; `name` stands for it in messages.
  public init(
    decoding bytes: [UInt8], name: String, limits: ImagingLimits = ImagingLimits()
  ) throws(ImagingError) {
    if bytes.starts(with: PNGCodec.signature) {
      self = try PNGCodec.decode(bytes, place: name, limits: limits)
    } else if bytes.starts(with: JPEGCodec.signature) {
      self = try JPEGCodec.decode(bytes, place: name, limits: limits)
    } else {
      throw ImagingError(
        .unsupported, "the file is neither a PNG nor a JPEG", in: name,
        remedy: "convert it to PNG or JPEG")
    }
  }

  /// Writes the picture to a new file that takes the place of `path` in one step.
  ///
  /// - Parameter format: nil takes it from the extension of `path`.
  /// - Throws: `unsupported` for another extension or a picture the format cannot hold,
  ///   `unwritable`. What was at `path` is then unchanged.
  public func write(_ path: String, as format: PictureFormat? = nil) throws(ImagingError) {
    guard let format = format ?? PictureFormat(extensionOf: path) else {
      throw ImagingError(
        .unsupported, "the name does not end in .png, .jpg or .jpeg", in: path,
        remedy: "give the file one of these endings")
    }
    let bytes = try encoded(as: format, name: path)
    try ImagingError.reporting { () throws(FileAccessError) in
      var file = try OutputFile(path: path, replacing: true)
      try file.write(bytes)
      try file.commit()
    }
  }

  /// The bytes of a file that holds the picture; `name` stands for it in messages.
  ///
  /// - Throws: `unsupported` when the format cannot hold the picture.
  public func encoded(as format: PictureFormat, name: String) throws(ImagingError) -> [UInt8] {
    switch format {
    case .png: try PNGCodec.encode(self, place: name)
    case .jpeg: try JPEGCodec.encode(self, quality: 95, place: name)
    }
  }
}
