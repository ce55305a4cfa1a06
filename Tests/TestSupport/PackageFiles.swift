public import Foundation

/// The files of this package and of the reference folder beside it, by path.
public enum PackageFiles {
  /// The folder that holds `Package.swift`.
  public static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The path of a committed fixture, such as `keras/unet.npz`.
  public static func fixture(_ name: String) -> String {
    root.appending(path: "Tests/Fixtures/\(name)").path
  }

  /// The path of a network description that ships with the program.
  public static func description(_ name: String) -> String {
    root.appending(path: "Models/\(name).json").path
  }

  /// The path of a checkpoint or array file of the frameworks, absent in a fresh clone.
  public static func reference(_ name: String) -> String {
    referenceFolder.appending(path: name).path
  }

  /// Whether the folder of reference checkpoints lies beside this package.
  public static let hasReferences = FileManager.default.fileExists(atPath: referenceFolder.path)

  private static let referenceFolder =
    root.deletingLastPathComponent().appending(path: "shared/reference")
}
