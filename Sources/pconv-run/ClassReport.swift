import CommandSupport
import Foundation
import PartialConv

/// The classes that a picture belongs to, most probable first.
struct ClassReport: Encodable {
  struct Class: Encodable {
    let index: Int
    let label: String
    let probability: Double
  }

  let schema = 1
  let classes: [Class]

  init(_ scores: [PictureClassification.Score], _ labels: ClassLabels) {
    classes = scores.map {
      Class(index: $0.index, label: labels.names[$0.index], probability: $0.probability)
    }
  }

  func print(json: Bool) {
    guard !json else { return Terminal.printJSON(self) }
    for entry in classes {
      Terminal.show("\(String(format: "%.6f", entry.probability))  \(entry.label)")
    }
  }
}
