/// What a file may ask for before it is refused. The child checks the file, the parent the child.
enum HDF5Limits {
  /// Nested groups, the root included.
  static let depth = 32
  /// Groups, datasets and attributes together.
  static let objects = 200_000
  /// Bytes of one object's or attribute's name.
  static let nameBytes = 4096
  /// Axes of a dataset.
  static let rank = 8
  /// Bytes of all attribute values together.
  static let attributeBytes = 64 << 20
  /// Bytes of the child's whole report, without the values of datasets.
  static let reportBytes = 2 * attributeBytes
  /// Bytes of the file.
  static let fileBytes = 8 << 30
  /// How much larger than its stored bytes a compressed dataset may be, once above `smallDataset`.
  static let expansion = 100
  /// Bytes below which the expansion of a dataset does not matter.
  static let smallDataset = 4 << 20

  /// Bytes of all datasets together.
  static func datasetBytes(fileSize: Int) -> Int { fileSize * expansion + smallDataset }

  /// Address space of the child: the library, the image mapping and its largest dataset.
  static func addressSpace(fileSize: Int) -> Int { (2 << 30) + 2 * fileSize }

  /// Processor time of the child.
  static func processorSeconds(fileSize: Int) -> Int { min(20, 5 + fileSize / (64 << 20)) }
}
