import CommandSupport
import ModelImport
import PartialConv

/// What `--explain` prints.
struct ExplanationSummary: Encodable {
  struct Tensor: Encodable {
    var name: String
    var shape: [Int]
    var isUsed: Bool
  }

  var schema = 1
  var network: String
  var title: String
  var reason: String
  var source: String
  var inputs: [String]
  var outputs: [String]
  var options: [String: String]
  var notes: [String]
  var picture: PictureProcessing?
  var tensors: [Tensor]
  private let text: String

  enum CodingKeys: String, CodingKey {
    case schema, network, title, reason, source, inputs, outputs, options, notes, picture, tensors
  }

  init(_ explanation: ModelExplanation) {
    network = explanation.network
    title = explanation.title
    reason = explanation.reason
    source = explanation.sourceFormat
    inputs = explanation.inputs
    outputs = explanation.outputs
    options = Dictionary(explanation.options.map { ($0.key, $0.value) }) { first, _ in first }
    notes = explanation.notes
    picture = explanation.processing
    tensors = explanation.tensors.map {
      Tensor(name: $0.name, shape: $0.shape, isUsed: $0.isUsed)
    }
    text = explanation.text
  }

  func print(json: Bool) {
    if json { Terminal.printJSON(self) } else { Terminal.show(text) }
  }
}
