package import GraphIR
package import GraphPasses

/// What 8-bit computation of one network needs: the precision of its layers, the ranges of its
/// pictures, and the corrections of its biases. A person can edit its text form.
package struct CalibrationTable: Hashable, Sendable {
  package struct Layer: Hashable, Sendable {
    package let name: String
    package var precision: Precision

    package init(name: String, precision: Precision) {
      self.name = name
      self.precision = precision
    }
  }

  package struct Picture: Hashable, Sendable {
    package let name: String
    package let range: ValueRange

    package init(name: String, range: ValueRange) {
      self.name = name
      self.range = range
    }
  }

  package struct Correction: Hashable, Sendable {
    package let layer: String
    /// By output channel.
    package let values: [Float]

    package init(layer: String, values: [Float]) {
      self.layer = layer
      self.values = values
    }
  }

  package var layers: [Layer]
  package var pictures: [Picture]
  package var corrections: [Correction]

  package init(
    layers: [Layer] = [], pictures: [Picture] = [], corrections: [Correction] = []
  ) {
    self.layers = layers
    self.pictures = pictures
    self.corrections = corrections
  }

  package init(_ result: Calibrator.Result) {
    self.init(
      pictures: result.ranges.map { Picture(name: $0.picture, range: $0.range) },
      corrections: result.corrections.map { Correction(layer: $0.layer, values: $0.values) })
  }

  /// Checks that all names are the network's.
  ///
  /// - Parameter file: the name in errors.
  /// - Throws: `.unknownName` for the first that is not, with its kind and the known ones;
  ///   `.mismatch` for a correction of another number of channels.
  package func check(against graph: Graph, file: String) throws(CalibrationError) {
    let known = NarrowLayers(graph).all
    let names = known.map(\.name)
    func require(_ name: String, _ kind: String, _ names: [String]) throws(CalibrationError) {
      guard !names.contains(name) else { return }
      throw CalibrationError(
        .unknownName,
        "\(file): the network has no \(kind) '\(name)'; it has \(names.joined(separator: ", "))")
    }
    for layer in layers { try require(layer.name, "layer", names) }
    let all = PictureNames(graph)
    let read = graph.nodes.flatMap { node in
      (node.operation as? PartialConvolution)?.arguments(node.inputs).pictures ?? []
    }
    let pictureNames = Set(read.compactMap { all[$0] }).sorted()
    for picture in pictures { try require(picture.name, "picture", pictureNames) }
    for correction in corrections {
      try require(correction.layer, "layer", names)
      let layer = known.first { $0.name == correction.layer }
      let count = layer.flatMap { graph.type(of: $0.result)?.dimensions[1].fixedValue }
      guard correction.values.count == count else {
        throw CalibrationError(
          .mismatch,
          "\(file): the correction of '\(correction.layer)' has \(correction.values.count) values, "
            + "the layer has \(count ?? 0) channels")
      }
    }
  }

  /// What the table says for a plan, apart from the layers' precision.
  package func apply(to plan: inout NarrowingPlan) {
    for picture in pictures { plan.quantizations[picture.name] = picture.range.quantization }
    for correction in corrections { plan.corrections[correction.layer] = correction.values }
  }
}
