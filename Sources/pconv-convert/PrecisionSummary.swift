import GraphPasses
import PartialConv

/// How the model was narrowed, as programs read it. Infinite figures are left out.
struct PrecisionSummary: Encodable {
  struct Layer: Encodable {
    var name: String
    var precision: String
    var reason: String?
    var multiplies: Int
    var bytes: Int
    /// When the layer alone is narrow, in dB.
    var psnr: Double?
  }

  struct Promotion: Encodable {
    var layer: String
    var from: String
    var to: String
    var psnr: Double?
  }

  var requested: String
  /// In the holes against f32, in dB.
  var psnr: Double?
  var targetPSNR: Double?
  var holdsTarget: Bool
  var runs: Int
  var bytesBefore: Int
  var bytesAfter: Int
  var multiplies: [String: Int]
  var layers: [Layer]
  var promotions: [Promotion]

  init(_ report: PrecisionReport) {
    requested = report.requested.rawValue
    psnr = Self.finite(report.psnr)
    targetPSNR = report.target
    holdsTarget = report.holdsTarget
    runs = report.runs
    bytesBefore = report.bytesBefore
    bytesAfter = report.bytesAfter
    multiplies = Dictionary(
      uniqueKeysWithValues: report.multiplies.map { ($0.precision.rawValue, $0.count) })
    layers = report.layers.map {
      Layer(
        name: $0.name, precision: $0.precision.rawValue, reason: $0.reason,
        multiplies: $0.multiplies, bytes: $0.bytes, psnr: Self.finite($0.psnr))
    }
    promotions = report.promotions.map {
      Promotion(
        layer: $0.layer, from: $0.from.rawValue, to: $0.to.rawValue, psnr: Self.finite($0.psnr))
    }
  }

  private static func finite(_ value: Double?) -> Double? {
    value.flatMap { $0.isFinite ? $0 : nil }
  }
}
