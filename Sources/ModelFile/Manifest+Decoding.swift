import CModelSchema
import CProtobufC
import Glibc
import GraphIR

extension Manifest {
  /// Reads protobuf bytes; says nothing yet about what the numbers mean.
  ///
  /// - Throws: `.corrupt` for bytes that are no manifest, and `.limitExceeded` when decoding would
  ///   take more than 256 MiB.
  init(decoding bytes: [UInt8]) throws(ModelFileError) {
    let budget = MemoryBudget(256 << 20)
    var allocator = unsafe budget.allocator
    defer { withExtendedLifetime(budget) {} }
    guard let message = unsafe pcm__manifest__unpack(&allocator, bytes.count, bytes) else {
      throw budget.isExceeded
        ? ModelFileError(
          .limitExceeded, "has a manifest that needs more than 256 MiB of memory",
          at: FileHeader.byteCount)
        : damage("its protobuf encoding is broken or lacks a required field")
    }
    defer { unsafe pcm__manifest__free_unpacked(message, &allocator) }
    try unsafe self.init(message.pointee)
  }
}

/// The memory that one decoding may take.
///
/// Safety: `allocator` points to this object, which the decoding outlives; one thread uses it.
@safe
private final class MemoryBudget {
  private var remaining: Int
  private(set) var isExceeded = false

  init(_ byteCount: Int) { remaining = byteCount }

  /// Memory is zeroed because protobuf-c 1.4.1 may free fields of a broken message it never set.
  var allocator: ProtobufCAllocator {
    unsafe ProtobufCAllocator(
      alloc: { budget, size in
        guard let budget = unsafe budget else { return nil }
        guard unsafe Unmanaged<MemoryBudget>.fromOpaque(budget).takeUnretainedValue().take(size)
        else { return nil }
        return unsafe calloc(1, max(size, 1))
      },
      free: { _, block in unsafe free(block) },
      allocator_data: Unmanaged.passUnretained(self).toOpaque())
  }

  private func take(_ size: Int) -> Bool {
    guard size >= 0, size <= remaining else {
      isExceeded = true
      return false
    }
    remaining -= size
    return true
  }
}

private func damage(_ reason: String) -> ModelFileError {
  ModelFileError(
    .corrupt, "has a manifest that cannot be read: \(reason)", at: FileHeader.byteCount,
    remedy: "convert the checkpoint again")
}

/// The messages that `pointers` leads to, as protobuf-c made them.
@unsafe private func messages<Message>(
  _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int
) -> [Message] {
  guard let pointers = unsafe pointers else { return [] }
  return unsafe UnsafeBufferPointer(start: pointers, count: count).compactMap {
    unsafe $0?.pointee
  }
}

@unsafe private func text(_ bytes: UnsafeMutablePointer<CChar>?) throws(ModelFileError) -> String {
  guard let bytes = unsafe bytes, let text = unsafe String(validatingCString: bytes) else {
    throw damage("a name is not UTF-8")
  }
  return text
}

@unsafe private func texts(
  _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int
) throws(ModelFileError) -> [String] {
  try unsafe UnsafeBufferPointer(start: pointers, count: count)
    .map { bytes throws(ModelFileError) in try unsafe text(bytes) }
}

@unsafe private func digest(
  _ data: ProtobufCBinaryData
) throws(ModelFileError) -> SHA256Digest {
  let bytes = unsafe UnsafeBufferPointer(start: data.data, count: data.len)
  guard let digest = unsafe SHA256Digest(bytes: Array(bytes)) else {
    throw damage("a SHA-256 has \(bytes.count) bytes")
  }
  return digest
}

extension [UInt32] {
  fileprivate init(_ values: UnsafeMutablePointer<UInt32>?, count: Int) {
    unsafe self.init(UnsafeBufferPointer(start: values, count: count))
  }
}

extension Manifest {
  fileprivate init(_ message: Pcm__Manifest) throws(ModelFileError) {
    let graph = unsafe message.graph.pointee
    schemaVersion = unsafe message.schema_version
    provenance = try unsafe Provenance(message)
    processing = try unsafe messages(message.processing, message.n_processing)
      .map { setting throws(ModelFileError) in try unsafe Provenance.Setting(setting) }
    graphName = try unsafe text(graph.name)
    inputs = try unsafe messages(graph.inputs, graph.n_inputs)
      .map { input throws(ModelFileError) in try unsafe Input(input) }
    constants = try unsafe messages(graph.constants, graph.n_constants)
      .map { constant throws(ModelFileError) in
        try unsafe Constant(
          name: text(constant.name), value: constant.value, tensor: constant.tensor)
      }
    nodes = try unsafe messages(graph.nodes, graph.n_nodes)
      .map { node throws(ModelFileError) in try unsafe Node(node) }
    outputs = try unsafe messages(graph.outputs, graph.n_outputs)
      .map { output throws(ModelFileError) in
        try unsafe Output(name: text(output.name), value: output.value)
      }
    tensors = try unsafe messages(message.tensors, message.n_tensors)
      .map { tensor throws(ModelFileError) in try unsafe StoredTensor(tensor) }
  }
}

extension Provenance {
  fileprivate init(_ message: Pcm__Manifest) throws(ModelFileError) {
    toolVersion = try unsafe text(message.tool_version)
    if let source = unsafe message.source { self.source = try unsafe Source(source.pointee) }
    family = try unsafe text(message.family)
    title = try unsafe text(message.title)
    options = try unsafe messages(message.options, message.n_options)
      .map { setting throws(ModelFileError) in try unsafe Setting(setting) }
    passes = try unsafe messages(message.passes, message.n_passes)
      .map { pass throws(ModelFileError) in try unsafe Pass(pass) }
    notes = try unsafe texts(message.notes, message.n_notes)
  }
}

extension Provenance.Source {
  fileprivate init(_ message: Pcm__Source) throws(ModelFileError) {
    guard let byteCount = unsafe Int(exactly: message.byte_count) else {
      throw damage("the size of the source file is out of range")
    }
    try unsafe self.init(
      format: text(message.format), fileName: text(message.file_name), byteCount: byteCount,
      digest: ModelFile.digest(message.sha256))
  }
}

extension Provenance.Setting {
  fileprivate init(_ message: Pcm__Setting) throws(ModelFileError) {
    try unsafe self.init(text(message.name), text(message.value))
  }
}

extension Provenance.Pass {
  fileprivate init(_ message: Pcm__Pass) throws(ModelFileError) {
    guard let count = unsafe Int(exactly: message.rewrite_count) else {
      throw damage("the rewrite count of a pass is out of range")
    }
    try unsafe self.init(
      name: text(message.name), exactness: text(message.exactness), rewriteCount: count)
  }
}

extension Manifest.Input {
  fileprivate init(_ message: Pcm__Input) throws(ModelFileError) {
    name = try unsafe text(message.name)
    aliases = try unsafe texts(message.aliases, message.n_aliases)
    value = unsafe message.value
    elementType = try unsafe text(message.element_type)
    dimensions = try unsafe messages(message.dimensions, message.n_dimensions)
      .map { axis throws(ModelFileError) in try unsafe Manifest.Axis(axis) }
    layout = try unsafe text(message.layout)
  }
}

extension Manifest.Axis {
  fileprivate init(_ message: Pcm__Dimension) throws(ModelFileError) {
    switch unsafe message.length_case {
    case PCM__DIMENSION__LENGTH_FIXED:
      self = unsafe .fixed(message.fixed)
    case PCM__DIMENSION__LENGTH_SYMBOLIC:
      let symbolic = unsafe message.symbolic.pointee
      self = try unsafe .symbolic(
        text(symbolic.symbol), multiple: symbolic.multiple, scale: symbolic.scale,
        offset: symbolic.offset, divisor: symbolic.divisor)
    default:
      throw damage("an axis has no length")
    }
  }
}

extension Manifest.Node {
  fileprivate init(_ message: Pcm__Node) throws(ModelFileError) {
    mnemonic = try unsafe text(message.mnemonic)
    attributes = try unsafe messages(message.attributes, message.n_attributes)
      .map { attribute throws(ModelFileError) in try unsafe Manifest.Attribute(attribute) }
    inputs = unsafe [UInt32](message.inputs, count: message.n_inputs)
    results = unsafe [UInt32](message.results, count: message.n_results)
    label = try unsafe text(message.label)
  }
}

extension Manifest.Attribute {
  fileprivate init(_ message: Pcm__Attribute) throws(ModelFileError) {
    name = try unsafe text(message.name)
    switch unsafe message.value_case {
    case PCM__ATTRIBUTE__VALUE_INTEGER:
      value = unsafe .integer(Int(message.integer))
    case PCM__ATTRIBUTE__VALUE_NUMBER:
      value = unsafe .float(message.number)
    case PCM__ATTRIBUTE__VALUE_INTEGERS:
      let list = unsafe message.integers.pointee
      value = unsafe .integers(
        UnsafeBufferPointer(start: list.values, count: list.n_values).map { Int($0) })
    case PCM__ATTRIBUTE__VALUE_NUMBERS:
      let list = unsafe message.numbers.pointee
      value = unsafe .floats(
        Array(UnsafeBufferPointer(start: list.values, count: list.n_values)))
    case PCM__ATTRIBUTE__VALUE_WORD:
      value = try unsafe .string(text(message.word))
    default:
      throw damage("attribute '\(name)' has no value")
    }
  }
}

extension Manifest.StoredTensor {
  fileprivate init(_ message: Pcm__Tensor) throws(ModelFileError) {
    name = try unsafe text(message.name)
    elementType = try unsafe text(message.element_type)
    dimensions = unsafe Array(
      UnsafeBufferPointer(start: message.dimensions, count: message.n_dimensions))
    offset = unsafe message.offset
    length = unsafe message.length
    digest = try unsafe ModelFile.digest(message.sha256)
  }
}
