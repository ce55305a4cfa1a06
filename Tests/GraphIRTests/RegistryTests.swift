import GraphIR
import Testing

@Suite struct RegistryTests {
  @Test func `lists operations once, sorted by type name, with snake case mnemonics`() {
    let types = OperationRegistry.all.map { "\($0)" }
    let mnemonics = OperationRegistry.all.map { $0.mnemonic }
    #expect(types == types.sorted())
    #expect(Set(mnemonics).count == mnemonics.count)
    #expect(mnemonics.allSatisfy { $0.wholeMatch(of: /[a-z]+(_[a-z0-9]+)*/) != nil })
  }

  @Test func `makes every operation again from its attributes`() throws {
    for node in try EveryOperation.graph().nodes {
      let made = try OperationRegistry.make(node.operation.mnemonic, node.operation.attributes)
      #expect(made.isEqual(to: node.operation))
    }
  }

  @Test func `rejects a missing, an extra and a wrong attribute of every operation`() throws {
    for operation in try EveryOperation.graph().nodes.map(\.operation) {
      func expectFault(_ attributes: Attributes, _ what: String) {
        let fault = #expect(throws: GraphError.self, "\(operation.mnemonic) \(what)") {
          try OperationRegistry.make(operation.mnemonic, attributes)
        }
        #expect(fault?.code == .badAttribute)
      }
      expectFault(operation.attributes.merging(["colour": .integer(1)]) { $1 }, "extra")
      for (name, value) in operation.attributes {
        var attributes = operation.attributes
        attributes[name] = nil
        expectFault(attributes, "without \(name)")
        let wrong: [AttributeValue] =
          switch value {
          case .integer: [.float(1), .integers([1]), .string("one")]
          case .float: [.integers([1]), .string("one")]
          case .integers: [.integers([-1]), .integer(1), .float(1), .string("one")]
          case .floats: [.floats([]), .float(1), .string("one")]
          case .string: [.string("sideways"), .integer(1), .integers([])]
          }
        for value in wrong {
          attributes[name] = value
          expectFault(attributes, "\(name)=\(value)")
        }
      }
    }
  }

  @Test func `rejects an unknown operation`() {
    let fault = #expect(throws: GraphError.self) { try OperationRegistry.make("sine", [:]) }
    #expect(fault?.code == .unknownOperation)
  }

  @Test func `reads an integer as a number and counts list entries`() throws {
    var reader = AttributeReader(
      ["a": .integer(2), "b": .integers([1, 2, 3])], of: "test")
    #expect(try reader.float("a") == 2)
    #expect(throws: GraphError.self) { try reader.integers("b", count: 2, in: 0...9) }
  }
}
