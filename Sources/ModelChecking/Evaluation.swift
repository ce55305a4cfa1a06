import Foundation
package import Imaging
import TensorCore

/// How well a model fills pictures: l1, PSNR and SSIM by the share of holes, as papers print them.
///
/// Measured on the composited picture against the original, samples in 0...1, averaged over
/// pictures.
/// - Source: Liu et al. 2018, table 1: six ranges of hole ratios, without (N) and with (B) holes
///   near the border
package struct Evaluation: Sendable, Encodable {
  /// Means over the pictures of one range.
  package struct Row: Sendable, Encodable {
    /// Bounds of the share of holes, the lower one not included.
    package let ratio: [Double]
    package let reachesBorder: Bool
    package fileprivate(set) var pictures = 0
    /// Mean absolute error, in percent of the range.
    package var l1: Double? { mean(l1Sum, pictures).map { $0 * 100 } }
    /// Mean of the pictures' PSNR in dB, those without error left out.
    package var psnr: Double? { mean(psnrSum, psnrCount) }
    package var ssim: Double? { mean(ssimSum, ssimCount) }
    fileprivate var l1Sum = 0.0
    fileprivate var psnrSum = 0.0
    fileprivate var psnrCount = 0
    fileprivate var ssimSum = 0.0
    fileprivate var ssimCount = 0

    private enum CodingKeys: String, CodingKey {
      case ratio, reachesBorder, pictures, l1, psnr, ssim
    }

    fileprivate init(_ ratio: ClosedRange<Double>, reachesBorder: Bool) {
      self.ratio = [ratio.lowerBound, ratio.upperBound]
      self.reachesBorder = reachesBorder
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(ratio, forKey: .ratio)
      try container.encode(reachesBorder, forKey: .reachesBorder)
      try container.encode(pictures, forKey: .pictures)
      try container.encodeIfPresent(l1, forKey: .l1)
      try container.encodeIfPresent(psnr, forKey: .psnr)
      try container.encodeIfPresent(ssim, forKey: .ssim)
    }

    private func mean(_ sum: Double, _ count: Int) -> Double? {
      count == 0 ? nil : sum / Double(count)
    }
  }

  package let schema = 1
  package let model: String
  package private(set) var rows: [Row]
  /// Masks with a share of holes outside all ranges, which no row counts.
  package private(set) var outside = 0

  private enum CodingKeys: String, CodingKey { case schema, model, rows, outside }

  package init(model: String) {
    self.model = model
    rows = [false, true].flatMap { border in
      IrregularMask.publishedRatios.map { Row($0, reachesBorder: border) }
    }
  }

  /// Adds one filled picture to the row that its mask belongs to.
  ///
  /// - Throws: `.mismatch` when the sizes differ.
  package mutating func add(
    original: Picture, filled: Picture, mask: Mask
  ) throws(CheckError) {
    guard original.width == filled.width, original.height == filled.height,
      original.width == mask.width, original.height == mask.height
    else { throw CheckError(.mismatch, "the picture, its mask and the result differ in size") }
    let ratio = mask.holeRatio
    let border = mask.reachesBorder
    guard
      let index = rows.firstIndex(where: {
        $0.reachesBorder == border && ratio > $0.ratio[0] && ratio <= $0.ratio[1]
      })
    else {
      outside += 1
      return
    }
    let wanted = original.tensor().floatArray
    let got = filled.tensor().floatArray
    var absolute = 0.0
    var squared = 0.0
    for (value, reference) in zip(got, wanted) {
      let error = Double(value) - Double(reference)
      absolute += abs(error)
      squared += error * error
    }
    rows[index].pictures += 1
    rows[index].l1Sum += absolute / Double(wanted.count)
    if squared > 0 {
      rows[index].psnrSum += -10 * log10(squared / Double(wanted.count))
      rows[index].psnrCount += 1
    }
    if let ssim = StructuralSimilarity.mean(
      got, wanted, height: original.height, width: original.width, channels: 3)
    {
      rows[index].ssimSum += ssim
      rows[index].ssimCount += 1
    }
  }

  /// The table for people.
  package var text: String {
    var lines = ["\(model): composited pictures against originals"]
    lines.append("hole ratio   border  pictures    l1 %   PSNR dB    SSIM")
    for row in rows {
      let range = String(format: "(%.2f,%.2f]", row.ratio[0], row.ratio[1])
      lines.append(
        "\(range)  \(row.reachesBorder ? "with   " : "without")"
          + String(format: "  %7d", row.pictures) + Self.cell(row.l1, "%8.3f")
          + Self.cell(row.psnr, "%10.2f") + Self.cell(row.ssim, "%8.4f"))
    }
    if outside > 0 {
      lines.append("\(outside) masks have another share of holes and count nowhere")
    }
    return lines.joined(separator: "\n")
  }

  private static func cell(_ value: Double?, _ format: String) -> String {
    value.map { String(format: format, $0) } ?? "       -"
  }
}
