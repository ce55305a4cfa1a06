import Glibc
import Testing

@Suite struct SchemaTests {
  private static var hasCompiler: Bool {
    unsafe system("command -v protoc-c > /dev/null") == 0
  }

  @Test(.enabled(if: hasCompiler, "protoc-c is not installed"))
  func `finds the generated C up to date with the schema`() {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    #expect(unsafe system("'/\(root)/Schemas/generate.sh' --check") == 0)
  }
}
