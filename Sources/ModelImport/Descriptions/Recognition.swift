/// What a checkpoint shows of itself before its weights are read.
struct CheckpointTraits {
  var framework: NetworkDescription.Framework
  var keys: [String]
  /// The architecture that the checkpoint records, as NVIDIA's training script does.
  var arch: String?
}

extension NetworkCatalogue {
  /// A description and the sentence that says why it was chosen.
  typealias Choice = (description: NetworkDescription, reason: String)

  /// Picks the description that the request names or the checkpoint shows.
  ///
  /// - Throws: `ImportError.unrecognised` with what was looked for, `.ambiguous` with the candidates.
  func choose(_ traits: CheckpointTraits, request: String?) throws(ImportError) -> Choice {
    let choice = try chosen(traits, request: request)
    let refusal = (choice.description.refuses ?? []).first { refusal in
      traits.keys.contains { $0.matches(refusal.has) }
    }
    if let refusal {
      throw ImportError(.unsupportedLayer, "\(choice.description.title): \(refusal.because)")
    }
    return choice
  }

  private func chosen(_ traits: CheckpointTraits, request: String?) throws(ImportError) -> Choice {
    if let request {
      return (try find(request), "asked for by --network \(request)")
    }
    let candidates = descriptions.filter { $0.hasTensors(of: traits) }
    let certain = candidates.filter { candidate in
      candidate.recognise.byNameOnly != true
        && (candidate.recognise.arch == nil || candidate.hasArchitecture(of: traits))
    }
    guard let first = certain.first else {
      throw candidates.isEmpty ? unrecognised(traits) : needsRequest(candidates, traits)
    }
    guard certain.count == 1 else {
      throw ImportError(
        .ambiguous,
        "the checkpoint fits several networks; choose one with --network: "
          + certain.map(\.name).joined(separator: ", "))
    }
    if let arch = traits.arch, first.recognise.arch != nil {
      return (first, "the checkpoint records the architecture '\(arch)'")
    }
    return (first, "it has \(first.recognise.has.map { "'\($0)'" }.joined(separator: ", "))")
  }

  private func unrecognised(_ traits: CheckpointTraits) -> ImportError {
    let shown = traits.keys.prefix(4).map { "'\($0)'" }.joined(separator: ", ")
    let known = descriptions.filter { $0.framework == traits.framework }.map(\.name)
    return ImportError(
      .unrecognised,
      "no known network has the tensors of this checkpoint (\(traits.keys.count), starting with "
        + "\(shown)); choose one with --network (\(known.joined(separator: ", "))) or describe it "
        + "in a file of your own")
  }

  private func needsRequest(
    _ candidates: [NetworkDescription], _ traits: CheckpointTraits
  ) -> ImportError {
    let names = candidates.map(\.name).joined(separator: ", ")
    let recorded = traits.arch.map { "it records the architecture '\($0)'" } ?? "it records none"
    return ImportError(
      .ambiguous,
      "the tensor names fit \(names), but ordinary networks have the same names and \(recorded); "
        + "if it was trained with partial convolutions, say so with --network")
  }
}

extension NetworkDescription {
  fileprivate func hasTensors(of traits: CheckpointTraits) -> Bool {
    framework == traits.framework
      && recognise.has.allSatisfy { pattern in traits.keys.contains { $0.matches(pattern) } }
      && (recognise.lacks ?? []).allSatisfy { pattern in
        !traits.keys.contains { $0.matches(pattern) }
      }
  }

  fileprivate func hasArchitecture(of traits: CheckpointTraits) -> Bool {
    guard let wanted = recognise.arch, let arch = traits.arch else { return false }
    return arch.matches(wanted)
  }
}

extension String {
  /// Whether the whole string fits `pattern`, in which each `*` stands for any characters.
  func matches(_ pattern: String) -> Bool {
    let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard pieces.count > 1 else { return self == pattern }
    guard hasPrefix(pieces[0]), hasSuffix(pieces[pieces.count - 1]) else { return false }
    var rest = dropFirst(pieces[0].count)
    guard rest.count >= pieces[pieces.count - 1].count else { return false }
    rest = rest.dropLast(pieces[pieces.count - 1].count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let range = rest.firstRange(of: piece) else { return false }
      rest = rest[range.upperBound...]
    }
    return true
  }
}
