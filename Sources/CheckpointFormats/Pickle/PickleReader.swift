/// Reads one pickle of protocol 2 to 5 into an arena; interprets, never executes.
///
/// A pickle is a program for a stack machine whose instructions can import and call anything. This
/// machine has no import and no call: a call becomes a `PickleRecord` that names what would have been
/// called. Only calls that make plain containers are replaced by the container.
///
/// - Source: CPython Lib/pickletools.py
package struct PickleReader {
  /// What one pickle may be at most; real ones hold some thousand values in some ten kilobytes.
  package enum Limits {
    package static let byteCount = 64 << 20
    static let steps = 20_000_000
    static let stack = 1_000_000
    static let memo = 1_000_000
    static let nodes = 4_000_000
    static let marks = 100_000
    static let nameBytes = 4096
    static let depth = 200
    static let integerBytes = 255
    /// Elements and name bytes that may be looked at again after they were read.
    static let repeatedWork = 20_000_000
  }

  var arena: PickleArena
  var reader: ByteReader
  var stack: [PickleID] = []
  var marks: [Int] = []
  var memo: [Int: PickleID] = [:]
  /// Indices of the names whose call is an attack.
  private(set) var dangerousGlobals: Set<Int> = []
  private var globalIndices: [PickleGlobal: Int] = [:]
  private var repeatedWork = 0
  /// Where the instruction being read starts, and its name.
  var start = 0

  /// The result of reading one pickle.
  package struct Result {
    /// The values read.
    package let arena: PickleArena
    /// The value the pickle stands for.
    package let root: PickleID
    /// Where the pickle ended in the bytes given.
    package let end: Int
  }

  /// Reads the pickle that starts at `offset` of `bytes`; `subject` names it in errors.
  ///
  /// - Throws: `.refused` for calls of dangerous names and instructions that only attacks use,
  ///   `.corrupt` or `.truncated` for a damaged pickle, `.limitExceeded` beyond `Limits`.
  package static func read(
    _ bytes: [UInt8], at offset: Int = 0, file: String, subject: String
  ) throws(CheckpointError) -> Result {
    var pickle = PickleReader(
      arena: PickleArena(source: bytes),
      reader: ByteReader(bytes, file: file, subject: subject, offset: offset))
    let root = try pickle.run()
    try pickle.checkShape(from: root)
    return Result(arena: pickle.arena, root: root, end: pickle.reader.offset)
  }

  private init(arena: PickleArena, reader: ByteReader) {
    self.arena = arena
    self.reader = reader
  }

  private mutating func run() throws(CheckpointError) -> PickleID {
    for _ in 0..<Limits.steps {
      start = reader.offset
      let code = try reader.integer(UInt8.self)
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw damaged("unknown instruction \(code)")
      }
      if opcode == .stop { return try stop() }
      try execute(opcode)
      guard stack.count <= Limits.stack, memo.count <= Limits.memo, marks.count <= Limits.marks,
        arena.nodes.count <= Limits.nodes
      else { throw tooMuch("holds more values than a checkpoint does") }
    }
    throw tooMuch("has more than \(Limits.steps) instructions")
  }

  private mutating func stop() throws(CheckpointError) -> PickleID {
    let root = try pop("STOP")
    guard stack.isEmpty, marks.isEmpty else {
      throw damaged("STOP with \(stack.count) values left over")
    }
    return root
  }

  /// Refuses values that contain themselves or are nested too deeply to be walked.
  private func checkShape(from root: PickleID) throws(CheckpointError) {
    enum Visit { case unseen, open, done }
    var visits = [Visit](repeating: .unseen, count: arena.nodes.count)
    var heights = [Int16](repeating: 0, count: arena.nodes.count)
    var pending = [(id: root, isLeaving: false)]
    while let (id, isLeaving) = pending.popLast() {
      let index = Int(id.index)
      if isLeaving {
        let below = arena.references(of: id).reduce(Int16(0)) {
          max($0, heights[Int($1.index)])
        }
        guard below < Limits.depth else {
          throw tooMuch("is nested deeper than \(Limits.depth)")
        }
        heights[index] = below + 1
        visits[index] = .done
        continue
      }
      guard visits[index] == .unseen else { continue }
      visits[index] = .open
      pending.append((id, true))
      for child in arena.references(of: id) {
        switch visits[Int(child.index)] {
        case .unseen: pending.append((child, false))
        case .open: throw damaged("a value that refers to itself")
        case .done: break
        }
      }
    }
  }

  func damaged(_ what: String) -> CheckpointError {
    CheckpointError(
      .corrupt, "is damaged: \(what)", file: reader.file, subject: reader.subject, offset: start)
  }

  func tooMuch(_ what: String) -> CheckpointError {
    CheckpointError(
      .limitExceeded, "\(what): not a normal checkpoint", file: reader.file,
      subject: reader.subject, offset: start)
  }

  func refused(_ what: String) -> CheckpointError {
    CheckpointError(
      .refused, what, file: reader.file, subject: reader.subject, offset: start,
      remedy: "model files must hold only data; it was not run; refused")
  }

  /// Bounds what a short instruction can make the reader do with a long value that was read before.
  mutating func charge(_ count: Int) throws(CheckpointError) {
    repeatedWork += count
    guard repeatedWork <= Limits.repeatedWork else {
      throw tooMuch("uses long values over and over")
    }
  }

  /// Adds a value to the arena.
  mutating func make(_ node: PickleNode) -> PickleID {
    arena.nodes.append(node)
    return PickleID(index: UInt32(arena.nodes.count - 1))
  }

  /// Adds a table row for a container's elements.
  mutating func makeChildren(_ elements: [PickleID] = []) -> Int {
    arena.children.append(elements)
    return arena.children.count - 1
  }

  /// Adds a value to the arena and pushes it.
  mutating func push(_ node: PickleNode) { stack.append(make(node)) }

  /// Pops the top value, which must lie above the last mark.
  mutating func pop(_ instruction: String) throws(CheckpointError) -> PickleID {
    guard stack.count > (marks.last ?? 0), let top = stack.popLast() else {
      throw damaged("\(instruction) without a value")
    }
    return top
  }

  /// The top value, left where it is.
  func top(_ instruction: String) throws(CheckpointError) -> PickleID {
    guard stack.count > (marks.last ?? 0), let top = stack.last else {
      throw damaged("\(instruction) without a value")
    }
    return top
  }

  /// Pops everything above the last mark, and the mark.
  mutating func popToMark(_ instruction: String) throws(CheckpointError) -> [PickleID] {
    guard let mark = marks.popLast() else { throw damaged("\(instruction) without a mark") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  /// Index of an imported name in the arena's table.
  mutating func index(of global: PickleGlobal) -> Int {
    if let known = globalIndices[global] { return known }
    arena.globals.append(global)
    globalIndices[global] = arena.globals.count - 1
    if global.isDangerous { dangerousGlobals.insert(arena.globals.count - 1) }
    return arena.globals.count - 1
  }
}
