import Foundation
import GraphIR
public import Imaging
import ModelFile
public import TensorCore

/// Names what pictures show, by a model that takes a picture alone and scores classes.
public struct PictureClassification {
  /// A class, and how sure the network is of it.
  public struct Score: Hashable, Sendable {
    /// Position among the network's outputs, from 0.
    public let index: Int
    /// Softmax over all classes, in 0...1.
    public let probability: Double
  }

  /// Number of classes that the network tells apart.
  public let classCount: Int
  private let session: ModelSession
  private let inputs: PictureInputs

  /// - Throws: `PartialConvError` of kind `usage` when the model does not classify colour pictures,
  ///   or its file does not say how they are prepared.
  public init(_ session: ModelSession) throws(PartialConvError) {
    let model = session.model
    let graph = model.stored.graph
    guard let input = graph.graph.inputs.first?.type, graph.graph.inputs.count == 1,
      input.rank == 4, input.dimensions[input.layout == .nhwc ? 3 : 1] == .fixed(3),
      let output = graph.graph.outputs.first, graph.graph.outputs.count == 1,
      graph.type(of: output.value).rank == 2,
      let count = graph.type(of: output.value).dimensions[1].fixedValue
    else {
      throw PartialConvError(
        .usage,
        "the model '\(model.network)' does not classify pictures: it has "
          + "\(model.inputs.map { "\($0.name) \($0.type)" }.joined(separator: ", ")) in and "
          + "\(model.outputs.map { "\($0.name) \($0.type)" }.joined(separator: ", ")) out")
    }
    guard let processing = model.processing else {
      throw PartialConvError(
        .usage,
        "the file of the model '\(model.network)' does not say how pictures are prepared; give "
          + "its arrays with --input instead, or convert the checkpoint again")
    }
    self.session = session
    classCount = count
    inputs = PictureInputs(processing, isChannelsLast: input.layout == .nhwc)
  }

  /// The classes with the highest logits, highest first, of equal ones the first first.
  ///
  /// The softmax is computed in `f64` from the `f32` logits.
  /// - Parameter count: how many to give; all when there are fewer.
  /// - Throws: `PartialConvError` of kind `mismatch` for a picture of a size that the network does
  ///   not take, `notFinite` when a logit is not finite.
  public func topClasses(
    of picture: Picture, count: Int
  ) throws(PartialConvError) -> [Score] {
    let name = session.model.inputs[0].name
    guard let logits = try session.run([name: input(for: picture)]).first?.tensor.floatArray else {
      throw PartialConvError(.internalFault, "the model gave no output")
    }
    guard logits.allSatisfy(\.isFinite), let highest = logits.max() else {
      throw PartialConvError(.notFinite, "the network's logits are not finite")
    }
    let weights = logits.map { exp(Double($0) - Double(highest)) }
    let total = weights.reduce(0, +)
    return logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }.prefix(max(count, 0))
      .map { Score(index: $0, probability: weights[$0] / total) }
  }

  /// The picture as the network takes it: resized, cut, in 0...1, less mean, over deviation.
  ///
  /// - Returns: `f32 [1, 3, H, W]`, or `[1, H, W, 3]` for a model of that layout.
  /// - Throws: `PartialConvError` of kind `mismatch` for a picture smaller than the cut,
  ///   `unreadable` when the resized picture would be too large.
  /// - Source: torchvision `Resize`, `CenterCrop`, `ToTensor`, `Normalize`; for 8-bit pictures
  ///   bit-equal to them on Pillow pictures.
  public func input(for picture: Picture) throws(PartialConvError) -> Tensor {
    try inputs.array(picture)
  }
}
