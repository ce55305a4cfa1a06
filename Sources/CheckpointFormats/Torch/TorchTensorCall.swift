import TensorCore

/// A call that would rebuild a tensor, taken apart.
enum TorchTensorCall {
  /// A strided tensor over a storage; sizes in elements.
  case tensor(
    storage: PickleID, offset: Int, shape: [Int], strides: [Int], elementType: ElementType?)
  /// A call that stands for another value, such as a parameter for its tensor.
  case alias(PickleID)
  /// A kind of tensor that is not read.
  case unreadable(String)

  /// Takes the value at `id` apart; nil when it does not rebuild a tensor.
  ///
  /// - Throws: `.corrupt` when the arguments are not those of the call.
  /// - Source: pytorch torch/_utils.py, torch/_tensor.py
  init?(
    _ id: PickleID, _ arena: PickleArena, malformed: CheckpointError
  ) throws(CheckpointError) {
    guard let (record, global) = arena.record(id) else { return nil }
    let arguments = arena.elements(record.arguments) ?? []
    if global == PickleGlobal(module: "torch._tensor", name: "_rebuild_from_type_v2") {
      guard arguments.count >= 3, let function = arena.global(arguments[0]),
        let inner = arena.elements(arguments[2])
      else { throw malformed }
      try self.init(function, inner, arena, malformed)
    } else {
      try self.init(global, arguments, arena, malformed)
    }
  }

  private init?(
    _ global: PickleGlobal, _ arguments: [PickleID], _ arena: PickleArena,
    _ malformed: CheckpointError
  ) throws(CheckpointError) {
    switch global.qualifiedName {
    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
      self = try Self.strided(arguments, metadata: 6, dtype: nil, arena, malformed)
    case "torch._utils._rebuild_tensor_v3":
      self = try Self.strided(arguments, metadata: 7, dtype: 6, arena, malformed)
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
      "torch.jit._pickle.restore_type_tag", "torch.jit._pickle.build_intlist",
      "torch.jit._pickle.build_tensorlist", "torch.jit._pickle.build_doublelist",
      "torch.jit._pickle.build_boollist":
      guard let first = arguments.first else { throw malformed }
      self = .alias(first)
    case let name where name.hasPrefix("torch._utils._rebuild_"):
      self = .unreadable(global.name)
    default:
      return nil
    }
  }

  private static func strided(
    _ arguments: [PickleID], metadata: Int, dtype: Int?, _ arena: PickleArena,
    _ malformed: CheckpointError
  ) throws(CheckpointError) -> TorchTensorCall {
    guard arguments.count >= 4, let offset = arena.int(arguments[1]),
      let shape = integers(arguments[2], arena), let strides = integers(arguments[3], arena)
    else { throw malformed }
    if arguments.count > metadata, case .dictionary(let index) = arena[arguments[metadata]] {
      for id in arena.children[index].prefix(16) {
        if case .bool(true) = arena[id] { return .unreadable("a conjugate or negated view") }
      }
    }
    var elementType: ElementType?
    if let dtype {
      guard arguments.count > dtype, let global = arena.global(arguments[dtype]) else {
        throw malformed
      }
      elementType = TorchStorageType.elementType(named: global.name)
      if elementType == nil { return .unreadable(global.qualifiedName) }
    }
    return .tensor(
      storage: arguments[0], offset: offset, shape: shape, strides: strides,
      elementType: elementType)
  }

  private static func integers(_ id: PickleID, _ arena: PickleArena) -> [Int]? {
    guard let elements = arena.elements(id), elements.count <= 4096 else { return nil }
    let values = elements.compactMap { arena.int($0) }
    return values.count == elements.count ? values : nil
  }
}
