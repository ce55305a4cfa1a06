public import GraphPasses

/// How a model was narrowed, and how close it stays to `f32`.
public struct PrecisionReport: Sendable {
  /// A convolution layer of pictures.
  public struct Layer: Sendable {
    public let name: String
    public let precision: Precision
    /// Why it stays `f32` although narrowing was asked for.
    public let reason: String?
    /// Multiplications for one picture of the nominal size.
    public let multiplies: Int
    /// Of the stored weights.
    public let bytes: Int
    /// Of the network's output in the holes when this layer alone is narrow, in dB; nil when not
    /// measured. Infinite when nothing changes.
    public let psnr: Double?
  }

  /// A layer that was given more bits for the wanted PSNR.
  public struct Promotion: Sendable {
    public let layer: String
    public let from: Precision
    public let to: Precision
    /// Of the whole network afterwards, in dB.
    public let psnr: Double
  }

  public let requested: Precision
  public let layers: [Layer]
  /// Of the network's output in the holes against `f32`, over all runs, in dB; nil when there were
  /// no pictures.
  public let psnr: Double?
  /// The PSNR that was wanted.
  public let target: Double?
  public let promotions: [Promotion]
  /// Runs of the network that the figures are over.
  public let runs: Int
  /// All stored numbers in `f32` and as they are now.
  public let bytesBefore: Int
  public let bytesAfter: Int

  /// Whether the wanted PSNR, if any, is held.
  public var holdsTarget: Bool { (psnr ?? .infinity) >= (target ?? -.infinity) }

  /// Multiplications of the layers of each precision, widest first.
  public var multiplies: [(precision: Precision, count: Int)] {
    Precision.allCases.reversed().compactMap { precision in
      let count = layers.filter { $0.precision == precision }.reduce(0) { $0 + $1.multiplies }
      return count == 0 ? nil : (precision, count)
    }
  }

  /// The whole of it, for people.
  public var text: String {
    var lines = ["precision: \(requested.rawValue) asked for"]
    if let psnr {
      lines[0] += "; PSNR in the holes against f32: \(Self.text(psnr)) over \(runs) runs"
    }
    let total = max(layers.reduce(0) { $0 + $1.multiplies }, 1)
    let shares = multiplies.map {
      "\(Self.percent($0.count, of: total)) in \($0.precision.rawValue)"
    }
    lines.append("multiplications: \(shares.joined(separator: ", "))")
    lines.append("stored numbers: \(bytesBefore) bytes -> \(bytesAfter) bytes")
    if let target {
      lines.append(
        "wanted: \(target) dB, \(holdsTarget ? "held" : "not held"); "
          + (promotions.isEmpty ? "no layer promoted" : "promoted, the most sensitive first:"))
    }
    lines += promotions.map { promotion in
      let cost = layers.first { $0.name == promotion.layer }
      return "  \(promotion.layer): \(promotion.from.rawValue) -> \(promotion.to.rawValue), "
        + "\(Self.percent(cost?.multiplies ?? 0, of: total)) of the multiplications, "
        + "\(cost?.bytes ?? 0) bytes of weights; then \(Self.text(promotion.psnr))"
    }
    for layer in layers where layer.reason != nil {
      lines.append("kept f32: \(layer.name): \(layer.reason ?? "")")
    }
    return lines.joined(separator: "\n")
  }

  /// Each layer with its precision and the PSNR in the holes when it alone is narrow, worst first.
  public var sensitivityText: String {
    let measured = layers.filter { $0.psnr != nil }.sorted {
      ($0.psnr ?? 0, $0.name) < ($1.psnr ?? 0, $1.name)
    }
    var lines = [
      "# PSNR in the holes against f32 when the layer alone is narrow; the whole network: "
        + (psnr.map(Self.text) ?? "not measured"), "# dB\tprecision\tmultiplications\tlayer",
    ]
    lines += measured.map { layer in
      "\(Self.number(layer.psnr ?? 0))\t\(layer.precision.rawValue)\t\(layer.multiplies)\t"
        + layer.name
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ psnr: Double) -> String { "\(number(psnr)) dB" }

  private static func number(_ value: Double) -> String {
    value.isFinite ? "\((value * 100).rounded() / 100)" : "\(value)"
  }

  private static func percent(_ part: Int, of total: Int) -> String {
    "\((Double(part) / Double(total) * 1000).rounded() / 10) %"
  }
}
