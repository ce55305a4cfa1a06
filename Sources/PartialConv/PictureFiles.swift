public import Imaging

/// Pictures and masks in PNG and JPEG files, told by content.
public enum PictureFiles {
  /// Reads a picture.
  ///
  /// - Throws: `PartialConvError` naming the file and what is wrong.
  public static func read(_ picture: String) throws(PartialConvError) -> Picture {
    try reporting { () throws(ImagingError) in try Picture.read(picture) }
  }

  /// Reads a picture and the mask that belongs to it.
  ///
  /// - Throws: `PartialConvError` naming the file and what is wrong.
  public static func read(
    _ picture: String, mask: String, validColor: MaskPolarity
  ) throws(PartialConvError) -> (Picture, Mask) {
    try reporting { () throws(ImagingError) in
      (try Picture.read(picture), try Mask.read(mask, validColor: validColor))
    }
  }

  /// Writes a picture in the format of the path's extension, all of it or nothing.
  public static func write(_ picture: Picture, _ path: String) throws(PartialConvError) {
    try reporting { () throws(ImagingError) in try picture.write(path) }
  }
}
