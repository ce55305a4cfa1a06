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
  /// - Throws: `PartialConvError` naming the file and what is wrong.
  public static func read(
    _ picture: String, mask: String, validColor: MaskPolarity
  ) throws(PartialConvError) -> (Picture, Mask) {
    try reporting { () throws(ImagingError) in
      (try Picture.read(picture), try Mask.read(mask, validColor: validColor))
    }
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
