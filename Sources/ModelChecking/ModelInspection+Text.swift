extension ModelInspection {
  /// The facts for people.
  package var text: String {
    var lines = ["\(model): \(title)", "  network: \(network), written by version \(writtenBy)"]
    if let source {
      lines.append("  source: \(source.fileName), \(source.format), \(source.bytes) bytes")
      lines.append("  source SHA-256: \(source.sha256)")
    }
    lines += options.map { "  option \($0.name): \($0.value)" }
    lines += processing.map { "  picture \($0.name): \($0.value)" }
    lines += inputs.map { "  input \(([$0.name] + $0.aliases).joined(separator: "|")): \($0.type)" }
    lines += outputs.map { "  output \($0.name): \($0.type)" }
    lines += passes.map { "  pass \($0.name) (\($0.exactness)): \($0.rewrites) rewrites" }
    let kinds = precision.map { "\($0.value) of \($0.name)" }.joined(separator: ", ")
    lines.append("  parameters: \(parameters) (\(kinds))")
    lines.append(
      "  multiplies: \(multiplies) for one picture of \(nominalSize[1])x\(nominalSize[0])")
    if let memory {
      lines.append(
        "  memory: \(memory.weights) bytes of weights, \(memory.packedWeights) packed, "
          + "\(memory.activations) of activations")
    }
    lines.append("  instruction set: \(instructionSet)")
    lines += layers.map { layer in
      "  \(layer.operation.padded(to: 22)) \(layer.name.padded(to: 28)) \(layer.result)"
        + (layer.parameters > 0 ? "  \(layer.parameters) parameters" : "")
        + (layer.multiplies > 0
          ? ", \(layer.multiplies) multiplies in \(layer.precision ?? "f32")" : "")
    }
    lines += notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }
}

extension String {
  /// The text with spaces up to `width` characters.
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(width - count, 0))
  }
}
