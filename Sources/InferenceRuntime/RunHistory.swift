import GraphIR
import KernelLibrary
import TensorCore

/// What a plan remembers of its latest runs.
struct RunHistory {
  private struct Question: Equatable {
    let changed: [ValueID: PixelSet]
    let valid: [ValueID: PixelSet]
    let wanted: [ValueID: PixelSet]
  }

  private struct Answer {
    let question: Question
    let valid: [ValueID: PixelSet]
    let steps: [Step]
  }

  private static let keptAnswerCount = 2

  private var inputs: [ValueID: Tensor] = [:]
  private var valid: [ValueID: PixelSet] = [:]
  private var answers: [Answer] = []

  /// The steps of the next run.
  ///
  /// - Parameter bind: the steps that compute some pixels of a node's results.
  mutating func steps(
    _ evaluator: Evaluator, inputs tensors: [(value: ValueID, tensor: Tensor)],
    wanted: [ValueID: PixelSet], bind: (_ node: Int, _ pixels: PixelSet) -> [Step]
  ) -> [Step] {
    let valid = valid
    let question = Question(
      changed: changes(evaluator, tensors), valid: valid, wanted: wanted)
    let answer = self.answer(to: question) {
      let evaluation = evaluator.evaluation(
        changed: question.changed, valid: valid, wanted: wanted)
      let steps = evaluation.pixels.enumerated().flatMap { node, pixels in
        pixels.map { bind(node, $0) } ?? []
      }
      return Answer(
        question: question, valid: evaluation.valid, steps: steps.joiningWalks())
    }
    self.valid = answer.valid
    return answer.steps
  }

  private mutating func answer(to question: Question, _ make: () -> Answer) -> Answer {
    let known = answers.firstIndex { $0.question == question }
    let answer = known.map { answers.remove(at: $0) } ?? make()
    if answers.count == Self.keptAnswerCount { answers.removeFirst() }
    answers.append(answer)
    return answer
  }

  /// The pixels of the inputs that differ from the latest run, of which the inputs are remembered
  /// when values stay that depend on them.
  private mutating func changes(
    _ evaluator: Evaluator, _ tensors: [(value: ValueID, tensor: Tensor)]
  ) -> [ValueID: PixelSet] {
    var changes: [ValueID: PixelSet] = [:]
    for (value, tensor) in tensors where evaluator.isRemembered(value) {
      guard let layout = evaluator.layouts[value] else { continue }
      let change =
        inputs[value].map {
          evaluator.kept.contains(value)
            ? PixelSet(differencesOf: tensor, from: $0, layout)
            : $0 == tensor ? PixelSet(noneOf: layout.frame) : PixelSet(allOf: layout.frame)
        } ?? PixelSet(allOf: layout.frame)
      changes[value] = change
      inputs[value] = tensor
    }
    return changes
  }
}

extension PixelSet {
  /// The pixels in which two tensors of one layout have different bits.
  fileprivate init(differencesOf tensor: Tensor, from other: Tensor, _ layout: ValueLayout) {
    guard tensor != other else {
      self.init(noneOf: layout.frame)
      return
    }
    let frame = layout.frame
    let planes = layout.isPicture ? layout.channels : 1
    let pixelSize = layout.byteCount / (max(frame.pixelCount, 1) * planes)
    let (area, rowSize) = (frame.height * frame.width, frame.width * pixelSize)
    let (first, second) = (tensor.storage.region, other.storage.region)
    self.init(rowsOf: frame) { row, columns in
      let (image, line) = (row / frame.height, row % frame.height)
      for plane in 0..<planes {
        let start = (image * planes + plane) * area * pixelSize + line * rowSize
        let isEqual = { (place: Int, size: Int) in
          first.slice(at: place, byteCount: size).equals(second.slice(at: place, byteCount: size))
        }
        if isEqual(start, rowSize) { continue }
        for column in 0..<frame.width where !isEqual(start + column * pixelSize, pixelSize) {
          columns.insert(column..<column + 1)
        }
      }
    }
  }
}
