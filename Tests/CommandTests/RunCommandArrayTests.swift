import CheckpointFormats
import Foundation
import PartialConv
import TensorCore
import TestSupport
import Testing

@Suite struct RunCommandArrayTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  /// Small inputs for the climate network, of any size.
  private func field(_ value: Float = 0.5, height: Int = 8, width: Int = 8) -> Tensor {
    Tensor(
      [Float](repeating: value, count: height * width), shape: [1, 1, height, width])
  }

  @Test func `gives the framework's outputs by name and nothing on stdout`() throws {
    try bench.makeModel("pytorch/naoto_unet.pth")
    let input = PackageFiles.fixture("pytorch/naoto_unet.npz")
    let result = try bench.run("model.pcm", "--input", input, "--output", "out.npz")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.isEmpty && result.errors.isEmpty, "\(result)")
    let outputs = try bench.readArrays("out.npz")
    let arrays = try Dictionary(ArrayFile.readArchive(input).map { ($0.name, $0.tensor) }) { $1 }
    #expect(outputs.keys.sorted() == ["output", "output_mask"])
    for (name, tensor) in outputs {
      let reference = try #require(arrays[name])
      #expect(relativeDifference(tensor, reference) <= 1e-5)
    }
    #expect(bench.folder.contents == ["model.pcm", "out.npz"])
  }

  @Test(arguments: ["keras/unet_weights.h5", "pytorch/pdresnet18.pth.tar"])
  func `gives the same bytes on any number of threads`(_ fixture: String) throws {
    try bench.makeModel(fixture)
    let arrays = fixture.hasPrefix("keras") ? "keras/unet_fractional.npz" : "pytorch/pdresnet18.npz"
    var results: Set<Data> = []
    for threads in ["1", "2", "3", "8"] {
      let result = try bench.run(
        "model.pcm", "--input", PackageFiles.fixture(arrays), "--output", "out.npz", "--threads",
        threads)
      #expect(result.status == 0, "\(result)")
      results.insert(try bench.contents("out.npz"))
    }
    #expect(results.count == 1)
  }

  @Test func `takes each input from a file of its own`() throws {
    try bench.makeModel("crai/first_bn.pth")
    try bench.writeArrays([("image", field()), ("mask", field(1))], as: "in.npz")
    try NumpyArray.write(field(), to: bench.path("image.npy"))
    try NumpyArray.write(field(1), to: bench.path("mask.npy"))
    #expect(try bench.run("model.pcm", "--input", "in.npz", "-o", "one.npz").status == 0)
    let result = try bench.run(
      "model.pcm", "--input", "image=image.npy", "--input", "mask=mask.npy", "-o", "two.npz")
    #expect(result.status == 0, "\(result)")
    #expect(try bench.contents("one.npz") == bench.contents("two.npz"))
  }

  @Test func `warns of a mask that is not in the range of masks`() throws {
    try bench.makeModel("crai/first_bn.pth")
    for (value, warning) in [(Float(1), ""), (0.3, ""), (255, "such as 255.0 at [0, 0, 2, 5]")] {
      var mask = [Float](repeating: 1, count: 64)
      mask[21] = value
      try bench.writeArrays(
        [("image", field()), ("mask", Tensor(mask, shape: [1, 1, 8, 8]))], as: "in.npz")
      let result = try bench.run("model.pcm", "--input", "in.npz", "-o", "out.npz")
      #expect(result.status == 0, "\(result)")
      #expect(
        warning.isEmpty ? result.errors.isEmpty : result.errors.contains(warning), "\(result)")
    }
  }

  @Test func `reads deflated arrays and ignores those it does not know`() throws {
    try bench.makeModel("crai/first_bn.pth")
    let input = PackageFiles.fixture("crai/first_bn.npz")
    let isDeflated = try Data(contentsOf: URL(filePath: input))[8] == 8
    #expect(isDeflated, "the method in the first header of the archive")
    let result = try bench.run("model.pcm", "--input", input, "-o", "out.npz")
    #expect(result.status == 0, "\(result)")
    #expect(try bench.readArrays("out.npz").keys.sorted() == ["output", "output_mask"])
  }

  @Test func `takes the names that the source uses`() throws {
    try bench.makeModel("keras/unet_weights.h5")
    let arrays = try Dictionary(
      ArrayFile.readArchive(PackageFiles.fixture("keras/unet_fractional.npz"))
        .map { ($0.name, $0.tensor) }
    ) { $1 }
    let image = try #require(arrays["image"])
    let mask = try #require(arrays["mask"])
    try bench.writeArrays([("inputs_mask", mask), ("inputs_img", image)], as: "in.npz")
    #expect(try bench.run("model.pcm", "--input", "in.npz", "-o", "out.npz").status == 0)
    let output = try #require(try bench.readArrays("out.npz")["output"])
    #expect(output.shape == [1, 256, 256, 3])
    try bench.writeArrays([("inputs_img", image), ("image", image), ("mask", mask)], as: "in.npz")
    expectFailure(
      try bench.run("model.pcm", "--input", "in.npz", "-o", "out.npz"), 5, "'image'", "twice")
  }

  @Test func `rejects arrays of the wrong shape`() throws {
    try bench.makeModel("pytorch/naoto_unet.pth")
    let shapes = [[1, 3, 100, 128], [1, 1, 128, 128], [3, 128, 128], [1, 128, 128, 3]]
    for shape in shapes {
      let ones = Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
      try bench.writeArrays([("image", ones), ("mask", ones)], as: "in.npz")
      expectFailure(try bench.run("model.pcm", "--input", "in.npz", "-o", "out.npz"), 5, "'image'")
    }
    #expect(bench.folder.contents == ["in.npz", "model.pcm"])
  }

  @Test func `rejects inputs without one of the arrays`() throws {
    try bench.makeModel("crai/first_bn.pth")
    try bench.writeArrays([("image", field())], as: "in.npz")
    expectFailure(
      try bench.run("model.pcm", "--input", "in.npz", "-o", "out.npz"), 5, "no array 'mask'")
    expectFailure(
      try bench.run("model.pcm", "--input", "depth=in.npy", "-o", "out.npz"), 2, "'depth'",
      "image, mask")
    #expect(bench.folder.contents == ["in.npz", "model.pcm"])
  }

  @Test(arguments: [Float.nan, .infinity])
  func `rejects results that are not finite and writes nothing`(_ value: Float) throws {
    try bench.makeModel("crai/first_bn.pth")
    try bench.writeArrays([("image", field(value)), ("mask", field(1))], as: "in.npz")
    try bench.folder.write(Data("old".utf8), as: "out.npz")
    expectFailure(
      try bench.run("model.pcm", "--input", "in.npz", "-o", "out.npz"), 6, "'output'",
      "not finite")
    #expect(try bench.contents("out.npz") == Data("old".utf8))
    #expect(bench.folder.contents == ["in.npz", "model.pcm", "out.npz"])
  }

  @Test func `rejects unreadable inputs and models`() throws {
    try bench.makeModel("crai/first_bn.pth")
    try bench.truncate("crai/first_bn.npz", to: 5000, as: "cut.npz")
    let run = bench.run
    expectFailure(try run("model.pcm", "--input", "no.npz", "-o", "out.npz"), 3, "no.npz: ")
    expectFailure(try run("model.pcm", "--input", "cut.npz", "-o", "out.npz"), 3, "cut.npz: ")
    expectFailure(try run("model.pcm", "--input", ".", "-o", "out.npz"), 3, "directory")
    expectFailure(try run("no.pcm", "--input", "cut.npz", "-o", "out.npz"), 3, "no.pcm")
    expectFailure(try run("cut.npz", "--input", "cut.npz", "-o", "out.npz"), 3, "cut.npz")
    try bench.folder.write(bench.contents("model.pcm").prefix(5000), as: "cut.pcm")
    expectFailure(try run("cut.pcm", "--input", "cut.npz", "-o", "out.npz"), 3, "cut.pcm")
    #expect(bench.folder.contents == ["cut.npz", "cut.pcm", "model.pcm"])
  }

  @Test func `keeps the old file when the disk is full`() throws {
    try bench.makeModel("crai/first_bn.pth")
    try bench.writeArrays(
      [("image", field(height: 80, width: 80)), ("mask", field(1, height: 80, width: 80))],
      as: "in.npz")
    try bench.folder.write(Data("old".utf8), as: "out.npz")
    let result = try bench.shell("ulimit -f 8; exec \"$RUN\" model.pcm --input in.npz -o out.npz")
    expectFailure(result, 3, "out.npz", "File too large")
    #expect(try bench.contents("out.npz") == Data("old".utf8))
    #expect(bench.folder.contents == ["in.npz", "model.pcm", "out.npz"])
    expectFailure(
      try bench.run("model.pcm", "--input", "in.npz", "-o", "/dev/full"), 3, "/dev/full")
  }
}
