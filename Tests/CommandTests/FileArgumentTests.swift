import Foundation
import TensorCore
import TestSupport
import Testing

/// What commands do with the files they are given: nothing that exists is lost, and no work is done
/// whose result could not be kept.
@Suite struct FileArgumentTests {
  private let bench: Workbench

  init() throws {
    bench = try Workbench()
    try bench.makeModel("crai/first_bn.pth")
    let field = Tensor([Float](repeating: 1, count: 64), shape: [1, 1, 8, 8])
    try bench.writeArrays([("image", field), ("mask", field)], as: "in.npz")
    try FileManager.default.createSymbolicLink(
      atPath: bench.path("link.npz"), withDestinationPath: "in.npz")
    try bench.folder.write(
      Data(contentsOf: URL(filePath: PackageFiles.fixture("crai/first_bn.pth"))), as: "net.pth")
  }

  @Test(arguments: [
    "$RUN model.pcm --input in.npz -o in.npz", "$RUN model.pcm --input in.npz -o model.pcm",
    "$RUN model.pcm --input in.npz -o link.npz", "$RUN model.pcm --input ./in.npz --profile in.npz",
    "$RUN model.pcm --input in.npz -o new --profile new",
    "$RUN model.pcm --input in.npz -o new --profile ./new",
    "$CONVERT net.pth -o new --report net.pth", "$CONVERT net.pth -o net.pth --force",
    "$CONVERT net.pth -o new --svg new", "$CONVERT net.pth -o new --dump-ir x --dot ./x",
    "$RUN model.pcm --image net.pth --mask in.npz -o new.bmp",
    "$CONVERT net.pth -o new --dump-ir x --after nothing",
    "$CONVERT net.pth -o new --precision int8 --calibrate in.npz --sensitivity in.npz",
    "$CONVERT net.pth -o in.npz --force --precision int8 --calibrate in.npz",
    "$CONVERT net.pth -o in.npz --force --precision int8 --calibrate ./",
    "$CONVERT net.pth -o new --precision int8 --calibrate in.npz --calibration-table -",
    "$CHECK model.pcm in.npz --html in.npz", "$CHECK model.pcm ./ --html in.npz",
    "$CHECK model.pcm in.npz --per-layer --source net.pth --html net.pth",
    "$CHECK model.pcm --evaluate in.npz --masks net.pth --html net.pth",
  ])
  func `keeps its inputs and writes each output to a file of its own`(_ script: String) throws {
    let before = try bench.folder.contents.map { try bench.contents($0) }
    let result = try bench.shell(script)
    #expect(result.status == 2, "\(result)")
    #expect(try bench.folder.contents.map { try bench.contents($0) } == before)
  }

  @Test(arguments: [
    "$RUN model.pcm --input in.npz -o none/new", "$CONVERT net.pth -o new --report none/x",
    "$CONVERT net.pth -o new --report pipe", "$RUN model.pcm --input in.npz -o stdout",
    "$RUN model.pcm --input in.npz -o new --profile pipe", "$CONVERT net.pth -o got --force",
    "$CONVERT net.pth -o new --json --report got",
  ])
  func `finds before the work that an output cannot be written`(_ script: String) throws {
    let result = try bench.shell(
      "mkfifo pipe; ln -s /dev/stdout s; ln -s s stdout; \(script) > got")
    expectFailure(result, 3, "—")
    #expect(!bench.folder.contents.contains("new"))
    #expect(try bench.contents("got").isEmpty)
    #expect(try bench.shell("test -p pipe && test -L stdout").status == 0)
  }

  @Test func `replaces no link and no file that a model keeps its tensors in`() throws {
    let linked = try bench.shell("ln -s nowhere link.pcm; $CONVERT net.pth -o link.pcm")
    expectFailure(linked, 2, "link.pcm", "--force")
    for name in ["naoto_dynamo.onnx", "naoto_dynamo.onnx.data"] {
      try bench.folder.write(
        Data(contentsOf: URL(filePath: PackageFiles.fixture("onnx/\(name)"))), as: name)
    }
    let data = try bench.contents("naoto_dynamo.onnx.data")
    for options in ["-o naoto_dynamo.onnx.data --force", "-o new --dot naoto_dynamo.onnx.data"] {
      let result = try bench.shell("$CONVERT naoto_dynamo.onnx \(options)")
      expectFailure(result, 2, "naoto_dynamo.onnx.data", "input")
      #expect(try bench.contents("naoto_dynamo.onnx.data") == data)
    }
  }

  @Test(arguments: ["2> /dev/full", "2>&-"])
  func `tells by its exit status when nobody takes its talk`(_ redirection: String) throws {
    let result = try bench.shell("$RUN missing.pcm --input in.npz -o new \(redirection)")
    #expect(result.status == 3, "\(result)")
    let warned = try bench.shell("$CONVERT net.pth -o new \(redirection)")
    #expect(warned.status == 0, "\(warned)")
  }

  @Test func `prints one text in place of a file`() throws {
    let printed = try bench.shell("$CONVERT net.pth -o new --dump-ir -")
    #expect(printed.status == 0 && printed.output.hasPrefix("graph @"), "\(printed)")
    #expect(printed.output.hasSuffix("}\n") && !bench.folder.contents.contains("-"))
    for options in ["--dump-ir - --dot -", "--json --svg -", "--report - --sensitivity -"] {
      #expect(try bench.shell("$CONVERT net.pth -o other \(options)").status == 2)
    }
  }

  @Test func `fails when its results cannot be written, unless their reader has gone`() throws {
    let script = "$CONVERT --list-networks --json"
    expectFailure(try bench.shell("\(script) > /dev/full"), 3, "stdout")
    let piped = try bench.shell("\(script) | true")
    #expect(piped.status == 0 && piped.errors.isEmpty, "\(piped)")
  }
}
