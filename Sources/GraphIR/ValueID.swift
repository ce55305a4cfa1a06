/// Names one value of a graph: an input, a constant, or a result of a node.
public struct ValueID: Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32

  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  public var description: String { "%\(rawValue)" }
}
