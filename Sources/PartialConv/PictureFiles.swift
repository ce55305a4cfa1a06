import Foundation
public import Imaging

/// Pictures and masks in PNG and JPEG files, told by content.
public enum PictureFiles {
  /// The PNG and JPEG files of a folder, sorted by name; the path itself when it is no folder.
  ///
  /// - Throws: `PartialConvError` of kind `usage` for a folder without pictures.
  public static func list(_ path: String) throws(PartialConvError) -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      return [path]
    }
    let endings = [".png", ".jpg", ".jpeg"]
    let pictures = names.filter { name in endings.contains { name.lowercased().hasSuffix($0) } }
    guard !pictures.isEmpty else {
      throw PartialConvError(.usage, "\(path): the folder has no PNG or JPEG picture")
    }
    return pictures.sorted().map { "\(path)/\($0)" }
  }

  /// Reads a picture.
  ///
  /// - Throws: `PartialConvError` naming the file and what is wrong.
  public static func read(_ picture: String) throws(PartialConvError) -> Picture {
    try reporting { () throws(ImagingError) in try Picture.read(picture) }
  }

  /// Reads a picture and the mask that belongs to it.
  ///
  /// - Throws: `PartialConvError` naming the file and what is wrong, of kind `mismatch` when the two
  ///   differ in size.
  public static func read(
    _ picturePath: String, mask maskPath: String, validColor: MaskPolarity
  ) throws(PartialConvError) -> (Picture, Mask) {
    let (picture, mask) = try reporting { () throws(ImagingError) in
      (try Picture.read(picturePath), try Mask.read(maskPath, validColor: validColor))
    }
    guard picture.width == mask.width, picture.height == mask.height else {
      throw PartialConvError(
        .mismatch,
        "\(maskPath): is \(mask.width)x\(mask.height), and the picture \(picturePath) "
          + "\(picture.width)x\(picture.height), turned upright where its EXIF data say so: "
          + "give a mask of the picture's size")
    }
    return (picture, mask)
  }

  /// Refuses a name from which `write` could not tell the format.
  ///
  /// - Throws: `PartialConvError` of kind `usage`.
  public static func checkName(_ path: String) throws(PartialConvError) {
    guard PictureFormat(extensionOf: path) != nil else {
      throw PartialConvError(
        .usage, "\(path): the name does not end in .png, .jpg or .jpeg — give it one of these")
    }
  }

  /// Writes a picture in the format of the path's extension, all of it or nothing.
  public static func write(_ picture: Picture, _ path: String) throws(PartialConvError) {
    try reporting { () throws(ImagingError) in try picture.write(path) }
  }
}
