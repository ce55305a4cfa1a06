public import ArgumentParser
public import Calibration
import CommandSupport
import Foundation
public import GraphPasses
import PartialConv

/// Options that choose with how many bits layers compute.
struct PrecisionOptions: ParsableArguments {
  @Option(help: "How layers compute: f32, bf16 or int8; int8 needs --calibrate or a table.")
  var precision: Precision = .float32

  @Option(help: "How the weights of layers are stored that compute in f32: f32, bf16 or int8.")
  var weights: Precision = .float32

  @Option(help: "f32:GLOB or bf16:GLOB: layers that keep at least so many bits; may be repeated.")
  var keep: [String] = []

  @Option(help: "A folder of pictures, or an .npz file with the network's inputs, to learn from.")
  var calibrate: String?

  @Option(
    help: """
      With --calibrate: a folder of masks, white where valid; default: seeded irregular ones of \
      all six published hole ratios.
      """)
  var calibrationMasks: String?

  @Option(help: "How ranges are taken from what was seen: percentile, mse or minmax.")
  var calibrationMethod: RangeMethod = .standard

  @Option(help: "A table that people can edit: written with --calibrate, read without.")
  var calibrationTable: String?

  @Option(
    name: .customLong("target-psnr"),
    help: "Give the most sensitive layers more bits until the holes are this close to f32, in dB.")
  var targetPSNR: Double?

  @Option(help: "Write what each narrow layer alone costs, to a file or - (JSON with .json).")
  var sensitivity: String?

  func validate() throws {
    guard targetPSNR?.isFinite ?? true else {
      throw ValidationError("--target-psnr takes a number of dB")
    }
    guard calibrationTable != Terminal.standardOutput else {
      throw ValidationError("--calibration-table takes a file")
    }
  }

  /// The files and folders that are read, and the files that are written, or stdout.
  var inputs: [String] {
    [calibrate, calibrationMasks, calibrate == nil ? calibrationTable : nil].compactMap(\.self)
  }
  var outputs: [String] {
    [sensitivity, calibrate == nil ? nil : calibrationTable].compactMap(\.self)
  }

  var request: PrecisionRequest {
    get throws(PartialConvError) {
      PrecisionRequest(
        precision: precision, storedWeights: weights, keeping: try keepRules,
        calibration: calibrate, masks: calibrationMasks, method: calibrationMethod,
        table: calibrationTable, targetPSNR: targetPSNR,
        measuresSensitivity: sensitivity != nil)
    }
  }

  private var keepRules: [KeepRule] {
    get throws(PartialConvError) {
      var rules: [KeepRule] = []
      for text in keep {
        do throws(CalibrationError) {
          rules.append(try KeepRule(text))
        } catch {
          throw PartialConvError(.usage, error.message)
        }
      }
      return rules
    }
  }

  /// Writes the sensitivity report when it was asked for.
  func write(_ report: PrecisionReport?) throws(PartialConvError) {
    guard let sensitivity, let report else { return }
    let isJSON = sensitivity.lowercased().hasSuffix(".json")
    let text = isJSON ? Terminal.json(PrecisionSummary(report)) : report.sensitivityText
    try Terminal.write(text, to: sensitivity)
  }
}

extension Precision: ExpressibleByArgument {}
extension RangeMethod: ExpressibleByArgument {}
