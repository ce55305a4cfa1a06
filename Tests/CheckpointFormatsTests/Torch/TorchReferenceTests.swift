import CheckpointFormats
import OrderedCollections
import TensorCore
import Testing

/// Values were computed with numpy from the same files.
@Suite(.enabled(if: ReferenceFiles.arePresent, "needs ../shared/reference"))
struct TorchReferenceTests {
  private func stateDictionary(_ name: String) throws -> TorchStateDictionary {
    let checkpoint = try TorchCheckpoint.open(path: ReferenceFiles.path(name))
    let found = checkpoint.stateDictionaries()
    #expect(found.count == 1)
    return try #require(found.first)
  }

  private func expectSum(_ tensor: StoredTensor?, _ first: Float, _ sum: Double) throws {
    let values = try #require(try tensor?.load()).floatArray
    #expect(values.first == first)
    #expect(abs(values.reduce(0.0) { $0 + Double($1) } - sum) < 1e-6 * max(1, abs(sum)))
  }

  @Test func `reads the model of a naoto checkpoint`() throws {
    let state = try stateDictionary("pytorch/naoto_unet.pth")
    #expect(state.path == ["model"])
    #expect(state.tensors.count == 89)
    let first = state.tensors["enc_1.conv.input_conv.weight"]
    #expect(first?.shape == [8, 3, 7, 7])
    try expectSum(first, -13.505308151245117, -1043.2011341098696)
    try expectSum(state.tensors["enc_2.conv.mask_conv.weight"], 1, 3200)
    let counter = try #require(state.tensors["enc_2.bn.num_batches_tracked"])
    #expect(counter.elementType == .int64)
    #expect(counter.shape == [])
    let checkpoint = try TorchCheckpoint.open(path: ReferenceFiles.path("pytorch/naoto_unet.pth"))
    #expect(checkpoint.root["n_iter"]?.int == 500_000)
    #expect(checkpoint.value(at: ["optimizer", "param_groups"])?.list?.count == 1)
    #expect(checkpoint.notes.isEmpty)
  }

  @Test func `reads the same bits from safetensors as from the checkpoint`() throws {
    let state = try stateDictionary("pytorch/naoto_unet.pth")
    let file = try FileBytes(path: ReferenceFiles.path("pytorch/naoto_unet.safetensors"))
    let safe = try SafeTensorsFile.open(file)
    #expect(Set(safe.tensors.keys) == Set(state.tensors.keys))
    for (name, tensor) in state.tensors {
      #expect(try tensor.load() == safe.tensors[name]?.load(), "\(name)")
    }
  }

  @Test func `reads a checkpoint of NVIDIA's training script`() throws {
    let state = try stateDictionary("pytorch/nvidia_pdresnet18.pth.tar")
    #expect(state.path == ["state_dict"])
    #expect(state.tensors.count == 122)
    try expectSum(state.tensors["module.conv1.weight"], -0.1488829106092453, 1.20399516066027)
    try expectSum(state.tensors["module.fc.bias"], 0.09377100318670273, -0.03666338825132698)
    let path = ReferenceFiles.path("pytorch/nvidia_pdresnet18.pth.tar")
    let checkpoint = try TorchCheckpoint.open(path: path)
    #expect(checkpoint.root["arch"]?.string == "pdresnet18")
    #expect(checkpoint.root["epoch"]?.int == 90)
    #expect(checkpoint.root["best_prec1"]?.tensor?.shape == [])
  }

  @Test func `reads a bare state dictionary in the container of before 1_6`() throws {
    let state = try stateDictionary("pytorch/nvidia_pdvgg16_bn.pth")
    #expect(state.path == [])
    #expect(state.tensors.count == 97)
    try expectSum(state.tensors["features.0.weight"], -0.017452673986554146, -0.7117829541674768)
    try expectSum(state.tensors["classifier.6.bias"], -0.16305813193321228, 0.40645942371338606)
  }

  @Test func `reads trained weights under their label`() throws {
    let state = try stateDictionary("crai/20crtasgn72.pth")
    #expect(state.path == ["1000000", "model"])
    #expect(state.tensors.count == 33)
    try expectSum(
      state.tensors["encoder.0.partial_conv.input_conv.weight"], 0.0005529936170205474,
      -25.16685101146868)
    try expectSum(state.tensors["decoder.2.partial_conv.mask_conv.weight"], 1, 171)
    let checkpoint = try TorchCheckpoint.open(path: ReferenceFiles.path("crai/20crtasgn72.pth"))
    #expect(checkpoint.root["labels"]?.list?.compactMap(\.string) == ["1000000"])
    #expect(checkpoint.root["stat_target"]?.isNone == true)
  }

  @Test func `reads arrays that numpy compressed`() throws {
    let file = try FileBytes(path: ReferenceFiles.path("crai/20crtasgn72.npz"))
    let arrays = try NumpyArchive.open(file)
    #expect(Array(arrays.keys) == ["image", "mask", "output"])
    #expect(arrays["output"]?.shape == [2, 1, 72, 72])
    try expectSum(arrays["output"], -1.4223755598068237, -4341.480223733932)
  }
}
