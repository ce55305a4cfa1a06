import CModelSchema
import CProtobufC
import GraphIR

extension Manifest {
  /// The manifest as protobuf bytes: fields in the order of their numbers, so equal manifests give
  /// equal bytes. A NUL in a text ends it.
  func encoded() -> [UInt8] { ManifestEncoder().bytes(of: self) }
}

/// Builds the C message of a manifest and packs it.
///
/// Safety: all pointers in the message come from `arena`, which lives until the bytes are packed.
@safe
private struct ManifestEncoder {
  private typealias Pointers<Message> = UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?
  private let arena = CArena()

  func bytes(of manifest: Manifest) -> [UInt8] {
    let target = unsafe arena.message(pcm__manifest__init)
    unsafe target.pointee.schema_version = manifest.schemaVersion
    unsafe fill(target, manifest.provenance)
    unsafe (target.pointee.n_processing, target.pointee.processing) =
      list(manifest.processing) { unsafe setting($0) }
    unsafe target.pointee.graph = graph(manifest)
    unsafe (target.pointee.n_tensors, target.pointee.tensors) =
      list(manifest.tensors) { unsafe tensor($0) }
    let count = unsafe pcm__manifest__get_packed_size(target)
    return withExtendedLifetime(arena) {
      unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
        written = unsafe pcm__manifest__pack(target, buffer.baseAddress)
      }
    }
  }

  private func fill(_ target: UnsafeMutablePointer<Pcm__Manifest>, _ provenance: Provenance) {
    unsafe target.pointee.tool_version = arena.string(provenance.toolVersion)
    if let source = provenance.source { unsafe target.pointee.source = self.source(source) }
    unsafe target.pointee.family = arena.string(provenance.family)
    unsafe target.pointee.title = arena.string(provenance.title)
    unsafe (target.pointee.n_options, target.pointee.options) =
      list(provenance.options) { unsafe setting($0) }
    unsafe (target.pointee.n_passes, target.pointee.passes) =
      list(provenance.passes) { unsafe pass($0) }
    unsafe (target.pointee.n_notes, target.pointee.notes) =
      list(provenance.notes) { unsafe arena.string($0) }
  }

  private func source(_ source: Provenance.Source) -> UnsafeMutablePointer<Pcm__Source> {
    let target = unsafe arena.message(pcm__source__init)
    unsafe target.pointee.format = arena.string(source.format)
    unsafe target.pointee.file_name = arena.string(source.fileName)
    unsafe target.pointee.byte_count = UInt64(source.byteCount)
    unsafe target.pointee.sha256 = digest(source.digest)
    return unsafe target
  }

  private func setting(_ setting: Provenance.Setting) -> UnsafeMutablePointer<Pcm__Setting> {
    let target = unsafe arena.message(pcm__setting__init)
    unsafe target.pointee.name = arena.string(setting.name)
    unsafe target.pointee.value = arena.string(setting.value)
    return unsafe target
  }

  private func pass(_ pass: Provenance.Pass) -> UnsafeMutablePointer<Pcm__Pass> {
    let target = unsafe arena.message(pcm__pass__init)
    unsafe target.pointee.name = arena.string(pass.name)
    unsafe target.pointee.exactness = arena.string(pass.exactness)
    unsafe target.pointee.rewrite_count = UInt64(pass.rewriteCount)
    return unsafe target
  }

  private func graph(_ manifest: Manifest) -> UnsafeMutablePointer<Pcm__Graph> {
    let target = unsafe arena.message(pcm__graph__init)
    unsafe target.pointee.name = arena.string(manifest.graphName)
    unsafe (target.pointee.n_inputs, target.pointee.inputs) =
      list(manifest.inputs) { unsafe input($0) }
    unsafe (target.pointee.n_constants, target.pointee.constants) =
      list(manifest.constants) { constant in
        let target = unsafe arena.message(pcm__constant__init)
        unsafe target.pointee.name = arena.string(constant.name)
        unsafe target.pointee.value = constant.value
        unsafe target.pointee.tensor = constant.tensor
        return unsafe target
      }
    unsafe (target.pointee.n_nodes, target.pointee.nodes) =
      list(manifest.nodes) { unsafe node($0) }
    unsafe (target.pointee.n_outputs, target.pointee.outputs) =
      list(manifest.outputs) { output in
        let target = unsafe arena.message(pcm__output__init)
        unsafe target.pointee.name = arena.string(output.name)
        unsafe target.pointee.value = output.value
        return unsafe target
      }
    return unsafe target
  }

  private func input(_ input: Manifest.Input) -> UnsafeMutablePointer<Pcm__Input> {
    let target = unsafe arena.message(pcm__input__init)
    unsafe target.pointee.name = arena.string(input.name)
    unsafe (target.pointee.n_aliases, target.pointee.aliases) =
      list(input.aliases) { unsafe arena.string($0) }
    unsafe target.pointee.value = input.value
    unsafe target.pointee.element_type = arena.string(input.elementType)
    unsafe (target.pointee.n_dimensions, target.pointee.dimensions) =
      list(input.dimensions) { unsafe axis($0) }
    unsafe target.pointee.layout = arena.string(input.layout)
    return unsafe target
  }

  private func axis(_ axis: Manifest.Axis) -> UnsafeMutablePointer<Pcm__Dimension> {
    let target = unsafe arena.message(pcm__dimension__init)
    switch axis {
    case .fixed(let length):
      unsafe target.pointee.length_case = PCM__DIMENSION__LENGTH_FIXED
      unsafe target.pointee.fixed = length
    case .symbolic(let symbol, let multiple, let scale, let offset, let divisor):
      let symbolic = unsafe arena.message(pcm__symbolic_length__init)
      unsafe symbolic.pointee.symbol = arena.string(symbol)
      unsafe symbolic.pointee.multiple = multiple
      unsafe symbolic.pointee.scale = scale
      unsafe symbolic.pointee.offset = offset
      unsafe symbolic.pointee.divisor = divisor
      unsafe target.pointee.length_case = PCM__DIMENSION__LENGTH_SYMBOLIC
      unsafe target.pointee.symbolic = symbolic
    }
    return unsafe target
  }

  private func node(_ node: Manifest.Node) -> UnsafeMutablePointer<Pcm__Node> {
    let target = unsafe arena.message(pcm__node__init)
    unsafe target.pointee.mnemonic = arena.string(node.mnemonic)
    unsafe (target.pointee.n_attributes, target.pointee.attributes) =
      list(node.attributes) { unsafe attribute($0) }
    unsafe (target.pointee.n_inputs, target.pointee.inputs) =
      (node.inputs.count, arena.array(node.inputs))
    unsafe (target.pointee.n_results, target.pointee.results) =
      (node.results.count, arena.array(node.results))
    unsafe target.pointee.label = arena.string(node.label)
    return unsafe target
  }

  private func attribute(
    _ attribute: Manifest.Attribute
  ) -> UnsafeMutablePointer<Pcm__Attribute> {
    let target = unsafe arena.message(pcm__attribute__init)
    unsafe target.pointee.name = arena.string(attribute.name)
    switch attribute.value {
    case .integer(let value):
      unsafe target.pointee.value_case = PCM__ATTRIBUTE__VALUE_INTEGER
      unsafe target.pointee.integer = Int64(value)
    case .float(let value):
      unsafe target.pointee.value_case = PCM__ATTRIBUTE__VALUE_NUMBER
      unsafe target.pointee.number = value
    case .integers(let values):
      let integers = unsafe arena.message(pcm__integer_list__init)
      unsafe (integers.pointee.n_values, integers.pointee.values) =
        (values.count, arena.array(values.map(Int64.init)))
      unsafe target.pointee.value_case = PCM__ATTRIBUTE__VALUE_INTEGERS
      unsafe target.pointee.integers = integers
    case .floats(let values):
      let numbers = unsafe arena.message(pcm__number_list__init)
      unsafe (numbers.pointee.n_values, numbers.pointee.values) =
        (values.count, arena.array(values))
      unsafe target.pointee.value_case = PCM__ATTRIBUTE__VALUE_NUMBERS
      unsafe target.pointee.numbers = numbers
    case .string(let value):
      unsafe target.pointee.value_case = PCM__ATTRIBUTE__VALUE_WORD
      unsafe target.pointee.word = arena.string(value)
    }
    return unsafe target
  }

  private func tensor(_ tensor: Manifest.StoredTensor) -> UnsafeMutablePointer<Pcm__Tensor> {
    let target = unsafe arena.message(pcm__tensor__init)
    unsafe target.pointee.name = arena.string(tensor.name)
    unsafe target.pointee.element_type = arena.string(tensor.elementType)
    unsafe (target.pointee.n_dimensions, target.pointee.dimensions) =
      (tensor.dimensions.count, arena.array(tensor.dimensions))
    unsafe target.pointee.offset = tensor.offset
    unsafe target.pointee.length = tensor.length
    unsafe target.pointee.sha256 = digest(tensor.digest)
    return unsafe target
  }

  private func digest(_ digest: SHA256Digest) -> ProtobufCBinaryData {
    unsafe ProtobufCBinaryData(len: digest.bytes.count, data: arena.array(digest.bytes))
  }

  private func list<Element, Message>(
    _ elements: [Element], _ message: (Element) -> UnsafeMutablePointer<Message>
  ) -> (Int, Pointers<Message>) {
    unsafe (elements.count, arena.array(elements.map { unsafe Optional(message($0)) }))
  }
}
