import CheckpointFormats
import GraphIR
import TensorCore

extension ONNXGraphBuilder {
  /// Joins lists of lengths, or pictures along their channels.
  mutating func concat(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let axis = try call.integer("axis", default: 1)
    var numbers: [Dimension] = []
    var pictures: [ValueID] = []
    for index in call.inputs.indices {
      if case .numbers(let list) = try call.input(index), list.shape.count == 1 {
        numbers += list.elements
      } else {
        pictures.append(try image(call, index))
      }
    }
    if pictures.isEmpty, numbers.count <= ONNXNumbers.maximumCount {
      return [.numbers(.init(numbers))]
    }
    guard numbers.isEmpty, axis == 1 || axis == -3 else {
      throw call.unsupported("joins along axis \(axis); pictures are joined along their channels")
    }
    if pictures.count == 1 { return [.graph(pictures[0])] }
    return [.graph(try assembler.apply(Concat(), pictures, label: call.label))]
  }

  /// Split along the channels.
  mutating func split(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let input = try image(call)
    let axis = try call.integer("axis", default: 0)
    guard axis == 1 || axis == -3 else { throw call.unsupported("splits axis \(axis)") }
    let channels = assembler.channelCount(input)
    let count = max(call.node.outputs.count, 1)
    let stated = try call.integers(attribute: "split", orInput: 1)
    let sizes = stated ?? [Int](repeating: channels / count, count: count)
    guard sizes.count == count, sizes.allSatisfy({ (1...channels).contains($0) }),
      sizes.reduce(0, +) == channels
    else { throw call.unsupported("splits \(channels) channels into \(sizes.prefix(8))") }
    var start = 0
    var results: [ONNXValue] = []
    for size in sizes {
      let part = SliceChannels(start: start, end: start + size)
      results.append(.graph(try assembler.apply(part, input, label: call.label)))
      start += size
    }
    return results
  }

  /// The product over channels, halving their number in every step.
  mutating func reduceProduct(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    if case .numbers(let numbers) = try call.input(0) {
      var product = Dimension.fixed(1)
      for length in numbers.elements {
        guard let next = LengthArithmetic.product(product, length) else {
          throw call.unsupported("this product of lengths has no closed form")
        }
        product = next
      }
      let keeps = try call.integer("keepdims", default: 1) == 1
      return [.numbers(ONNXNumbers(shape: keeps ? [1] : [], elements: [product]))]
    }
    let axes = try call.integers(attribute: "axes", orInput: 1)
    guard axes == [1] || axes == [-3], try call.integer("keepdims", default: 1) == 1 else {
      throw call.unsupported("reduces axes \(axes ?? []); channels, kept as one, are supported")
    }
    var value = try image(call)
    while assembler.channelCount(value) > 1 {
      let count = assembler.channelCount(value)
      func part(_ start: Int, _ end: Int) throws(ImportError) -> ValueID {
        try assembler.apply(SliceChannels(start: start, end: end), value, label: call.label)
      }
      var product = try assembler.apply(
        Multiply(), part(0, count / 2), part(count / 2, count / 2 * 2), label: call.label)
      if count % 2 == 1 {
        product = try assembler.apply(Concat(), product, part(count - 1, count), label: call.label)
      }
      value = product
    }
    return [.graph(value)]
  }

  /// Resize and Upsample: nearest neighbour, by a whole factor or to the size of another picture.
  mutating func resize(
    _ call: ONNXNodeCall, scales: [Float]?, sizes: [Dimension]?
  ) throws(ImportError) -> [ONNXValue] {
    let mode = try call.text("mode", default: "nearest")
    guard mode == "nearest" else {
      throw call.unsupported("attribute 'mode' is '\(mode.shown)'; 'nearest' is supported")
    }
    let input = try image(call)
    let shape = assembler.type(input).dimensions
    if let scales {
      guard scales.count == 4, scales[0] == 1, scales[1] == 1,
        let rows = Int(exactly: scales[2]), let columns = Int(exactly: scales[3]),
        (1...64).contains(rows), (1...64).contains(columns)
      else {
        throw call.unsupported("enlarges by \(scales.prefix(8)); whole factors are supported")
      }
      return [.graph(try enlarge(input, [rows, columns], call))]
    }
    guard let sizes, sizes.count == 4, sizes[0] == shape[0], sizes[1] == shape[1] else {
      throw call.unsupported("gives neither scales nor the size of a picture")
    }
    let factors = (2...3).map { axis in
      (1...64).first { shape[axis].multiplied(by: $0) == sizes[axis] }
    }
    if let rows = factors[0], let columns = factors[1] {
      return [.graph(try enlarge(input, [rows, columns], call))]
    }
    guard try samplesDownward(call) else { throw unusualSampling(call) }
    guard let like = pictureOfSize(Array(sizes[2...])) else {
      throw ImportError(
        .shapeMismatch,
        "node '\(call.node.displayName)' (Resize): no picture has the size \(sizes.shown)")
    }
    return [.graph(try assembler.apply(ResizeNearest(), input, like, label: call.label))]
  }

  /// Whether positions are `floor(i / scale)`.
  private func samplesDownward(_ call: ONNXNodeCall) throws(ImportError) -> Bool {
    guard call.node.operatorType == "Resize", call.version >= 11 else { return true }
    let coordinates = try call.text("coordinate_transformation_mode", default: "half_pixel")
    let rounding = try call.text("nearest_mode", default: "round_prefer_floor")
    return coordinates == "asymmetric" && rounding == "floor"
  }

  private func unusualSampling(_ call: ONNXNodeCall) -> ImportError {
    call.unsupported(
      "samples with coordinate_transformation_mode and nearest_mode other than asymmetric, floor")
  }

  /// Repeats rows and columns by whole factors; so do most ways of rounding.
  private mutating func enlarge(
    _ input: ValueID, _ factor: [Int], _ call: ONNXNodeCall
  ) throws(ImportError) -> ValueID {
    if try !samplesDownward(call) {
      let coordinates = try call.text("coordinate_transformation_mode", default: "half_pixel")
      let rounding = try call.text("nearest_mode", default: "round_prefer_floor")
      let isCentred =
        ["half_pixel", "pytorch_half_pixel"].contains(coordinates)
        && rounding.hasPrefix("round_prefer") && !factor.contains(1)
      let isHalved =
        coordinates == "asymmetric" && rounding == "round_prefer_floor"
        && factor.allSatisfy { $0 <= 2 }
      guard isCentred || isHalved else { throw unusualSampling(call) }
    }
    if factor == [1, 1] { return input }
    return try assembler.apply(UpsampleNearest(factor: factor), input, label: call.label)
  }

  private func pictureOfSize(_ size: [Dimension]) -> ValueID? {
    let graph = assembler.graph
    let candidates = graph.inputs.map(\.value) + graph.nodes.flatMap(\.results)
    return candidates.first { value in
      guard let type = graph.type(of: value), type.rank == 4, type.layout == .nchw,
        type.elementType == .float32
      else { return false }
      return Array(type.dimensions[2...]) == size
    }
  }

  /// Flatten and Reshape of a picture to one row for each image.
  mutating func flatten(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let input = try image(call)
    return [.graph(try assembler.apply(Flatten(), input, label: call.label))]
  }

  mutating func reshapeNode(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let target: [Dimension]
    if case .numbers(let numbers) = try call.input(1) {
      target = numbers.elements
    } else if let constant = try call.input(1).constantPart, constant.tensor.elementCount == 0 {
      target = []
    } else {
      throw call.unsupported("its shape is not known at conversion")
    }
    let keepsZero = try call.integer("allowzero", default: 0) == 0
    if case .graph(let id) = try call.input(0) {
      let current = assembler.type(id).dimensions
      let wanted = target.enumerated().map { axis, length in
        keepsZero && length == .fixed(0) && axis < current.count ? current[axis] : length
      }
      if wanted == current { return [.graph(id)] }
      let features = current.dropFirst().reduce(Dimension?.some(.fixed(1))) { product, length in
        product.flatMap { LengthArithmetic.product($0, length) }
      }
      guard current.count == 4, wanted.count == 2, let features,
        [current[0], .fixed(-1)].contains(wanted[0]), [features, .fixed(-1)].contains(wanted[1])
      else {
        throw call.unsupported(
          "makes \(target.shown) of \(current.shown); one row per image is supported")
      }
      return try flatten(call)
    }
    guard let sizes = ONNXNumbers(target).fixed else {
      throw call.unsupported("its shape depends on the size of the picture")
    }
    return try reshape(call) { shape throws(ImportError) in
      Self.resolved(sizes, from: shape, keepsZero: keepsZero)
    }
  }

  /// Replaces 0 by the old length and -1 by what is left.
  private static func resolved(_ sizes: [Int], from shape: [Int], keepsZero: Bool) -> [Int] {
    var result = sizes.enumerated().map { axis, size in
      keepsZero && size == 0 && axis < shape.count ? shape[axis] : size
    }
    guard let open = result.firstIndex(of: -1) else { return result }
    let known = result.reduce(1.0) { $1 == -1 ? $0 : $0 * Double($1) }
    let total = shape.reduce(1.0) { $0 * Double($1) }
    result[open] = known > 0 ? Int(exactly: total / known) ?? -1 : -1
    return result
  }
}
