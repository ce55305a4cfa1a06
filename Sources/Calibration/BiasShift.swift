import GraphIR
import GraphPasses
import InferenceRuntime
import TensorCore

/// How far 8 bits move the sums of one layer on average, and the bias that takes it back.
///
/// With the sums `S` (scaled and renormalised) of rounded weights and pictures less those of the
/// `f32` ones, and p the plane of the bias that is corrected (1 without one), the correction is the
/// c with the least `Σ (S + c · p)²` over positions that the ratio does not clear: `-Σ S p / Σ p²`.
/// - Source: Nagel et al. 2019, "Data-free quantization through weight equalization and bias
///   correction", the empirical form.
struct BiasShift {
  private var products: [Double]
  private var squares = 0.0
  private let layer: LayerProbe.Layer
  private let quantizations: [Quantization]
  private let weights: [Tensor]
  private let scale: Tensor?

  /// - Parameter weights: the layer's `f32` weights `[O, C, kh, kw]`.
  init(
    _ layer: LayerProbe.Layer, weights: Tensor, scale: Tensor?, _ quantizations: [Quantization],
    _ scaling: WeightScaling
  ) {
    self.layer = layer
    self.weights = [weights, ScaledWeights(weights, scaling).values]
    self.scale = scale
    self.quantizations = quantizations
    products = [Double](repeating: 0, count: weights.shape[0])
  }

  /// What to add to the bias, by output channel.
  var correction: [Float] {
    products.map { squares > 0 ? Float(-$0 / squares) : 0 }
  }

  /// Adds one run of the network.
  mutating func add(_ values: LayerProbe.Values, threads: Int?) throws(CalibrationError) {
    let wide = layer.arguments.pictures.map { values[$0] }
    let narrow = zip(wide, quantizations).map { picture, quantization in
      Tensor(picture.floatArray.map(quantization.restored), shape: picture.shape)
    }
    let masks = layer.arguments.masks.map { $0.map { values[$0] } }
    let ratio = layer.arguments.ratio.map { values[$0] }
    let expected = try sums(wide, masks, ratio, weights[0], threads)
    let actual = try sums(narrow, masks, ratio, weights[1], threads)
    let plane = layer.operation.correctedBias.flatMap { layer.arguments.biases[$0].plane }
    add(
      actual, less: expected, plane: plane.map { PlaneView(values[$0]) },
      ratio: ratio.map(PlaneView.init))
  }

  private mutating func add(
    _ actual: Tensor, less expected: Tensor, plane: PlaneView?, ratio: PlaneView?
  ) {
    let (sums, wanted) = (actual.floatArray, expected.floatArray)
    let area = actual.shape[2] * actual.shape[3]
    for image in 0..<actual.shape[0] {
      let weights = (0..<area).map { pixel in
        ratio.map { $0[image, pixel] != 0 } ?? true ? Double(plane?[image, pixel] ?? 1) : 0
      }
      squares += weights.reduce(0) { $0 + $1 * $1 }
      for channel in products.indices {
        let start = (image * products.count + channel) * area
        var sum = 0.0
        for pixel in 0..<area where weights[pixel] != 0 {
          sum += weights[pixel] * (Double(sums[start + pixel]) - Double(wanted[start + pixel]))
        }
        products[channel] += sum
      }
    }
  }

  /// The layer's scaled and renormalised sums, without bias and activation, by the runtime.
  private func sums(
    _ pictures: [Tensor], _ masks: [Tensor?], _ ratio: Tensor?, _ weights: Tensor,
    _ threads: Int?
  ) throws(CalibrationError) -> Tensor {
    var graph = Graph(name: "layer")
    var inputs: [String: Tensor] = [:]
    func input(_ tensor: Tensor) -> ValueID {
      let name = "\(inputs.count)"
      inputs[name] = tensor
      return graph.addInput(
        name, ValueType(.float32, tensor.shape.map(Dimension.fixed), layout: .nchw))
    }
    let arguments = PartialConvolution.Arguments(
      pictures: pictures.map(input), masks: masks.map { $0.map(input) },
      weights: graph.addConstant("weights", weights),
      scale: scale.map { graph.addConstant("scale", $0) }, ratio: ratio.map(input))
    let operation = PartialConvolution(
      parts: layer.operation.parts, convolution: layer.operation.convolution,
      hasScale: scale != nil, hasRatio: ratio != nil)
    do throws(GraphError) {
      let result = try graph.add(operation, PartialConvolution.inputs(arguments))
      graph.addOutput("sums", result[0])
    } catch {
      throw CalibrationError(.internalFault, error.message)
    }
    let session = try CompiledModel(verified(graph)).makeSession(threads: threads)
    return try session.outputs(of: inputs)[0].tensor
  }
}
