public import Calibration
public import GraphPasses

/// With how many bits a converted model computes and stores its weights.
public struct PrecisionRequest: Sendable {
  /// How layers compute. `int8` needs `calibration` or `table`.
  public var precision: Precision
  /// How the weights of layers are stored that compute in `f32`.
  public var storedWeights: Precision
  /// Layers that compute with at least so many bits.
  public var keeping: [KeepRule]
  /// A folder of pictures, or an `.npz` file with the network's inputs.
  public var calibration: String?
  /// A folder of masks for `calibration`; seeded irregular masks when nil.
  public var masks: String?
  /// How ranges are taken from what calibration sees.
  public var method: RangeMethod
  /// A calibration table: written with `calibration`, read without.
  public var table: String?
  /// The PSNR against `f32` in the holes that layers are promoted for, in dB.
  public var targetPSNR: Double?
  /// Whether the PSNR of each narrow layer alone is measured.
  public var measuresSensitivity: Bool

  public init(
    precision: Precision = .float32, storedWeights: Precision = .float32,
    keeping: [KeepRule] = [], calibration: String? = nil, masks: String? = nil,
    method: RangeMethod = .standard, table: String? = nil, targetPSNR: Double? = nil,
    measuresSensitivity: Bool = false
  ) {
    self.precision = precision
    self.storedWeights = storedWeights
    self.keeping = keeping
    self.calibration = calibration
    self.masks = masks
    self.method = method
    self.table = table
    self.targetPSNR = targetPSNR
    self.measuresSensitivity = measuresSensitivity
  }

  /// Whether anything is to be narrowed.
  var isNarrow: Bool { precision != .float32 || storedWeights != .float32 }

  /// - Throws: `PartialConvError` of kind `usage` for options that do not go together.
  func check() throws(PartialConvError) {
    if precision == .int8, calibration == nil, table == nil {
      throw PartialConvError(
        .usage,
        "--precision int8 needs to know the ranges of pictures: give --calibrate with a folder of "
          + "pictures or an .npz file with the network's inputs, or --calibration-table with a "
          + "table made earlier")
    }
    if table != nil, precision != .int8 {
      throw PartialConvError(.usage, "--calibration-table goes with --precision int8")
    }
    let measures: [(String, Bool)] = [
      ("--target-psnr", targetPSNR != nil), ("--sensitivity", measuresSensitivity),
    ]
    for (option, isGiven) in measures where isGiven {
      guard precision != .float32 else {
        throw PartialConvError(.usage, "\(option) goes with --precision bf16 or int8")
      }
      guard calibration != nil else {
        throw PartialConvError(
          .usage, "\(option) measures on pictures: give some with --calibrate")
      }
    }
    if calibration != nil, precision == .float32 {
      throw PartialConvError(.usage, "--calibrate goes with --precision bf16 or int8")
    }
    if masks != nil, calibration == nil {
      throw PartialConvError(.usage, "--calibration-masks goes with --calibrate")
    }
    if !keeping.isEmpty, !isNarrow {
      throw PartialConvError(.usage, "--keep goes with --precision or --weights")
    }
  }
}
