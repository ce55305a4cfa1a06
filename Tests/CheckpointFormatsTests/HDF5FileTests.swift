import CheckpointFormats
import OrderedCollections
import TensorCore
import Testing

@Suite struct HDF5FileTests {
  @Test(arguments: [
    ("little_f2", ElementType.float16), ("big_f2", .float16), ("little_f4", .float32),
    ("big_f4", .float32), ("little_f8", .float64), ("big_f8", .float64), ("i1", .int8),
    ("u1", .uint8), ("little_i2", .int16), ("big_i2", .int16), ("little_i4", .int32),
    ("big_i4", .int32), ("little_i8", .int64), ("big_i8", .int64), ("little_u2", .int64),
    ("little_u4", .int64), ("big_u4", .int64),
  ])
  func `reads numbers of both byte orders`(_ name: String, _ type: ElementType) throws {
    let root = try HDF5File.read(HDF5Fixtures.path("good_types")).root
    let tensor = try root.dataset(at: name)
    #expect(tensor.elementType == type)
    #expect(tensor.shape == [2, 3])
    #expect(tensor.convertedToFloat32().floatArray == [0, 1, 2, 3, 4, 5])
  }

  @Test func `reads truth values, bfloat16, scalars, empty and compressed datasets`() throws {
    let root = try HDF5File.read(HDF5Fixtures.path("good_types")).root
    let truth = try root.dataset(at: "truth")
    #expect(truth.elementType == .bool)
    #expect(truth.convertedToFloat32().floatArray == [1, 0, 1])
    let brain = try root.dataset(at: "brain")
    #expect(brain.elementType == .bfloat16)
    let values = brain.convertedToFloat32().floatArray
    #expect(values[0] == 1 && values[1] == -2 && values[2].bitPattern == 0x7FC1_0000)
    #expect(try root.dataset(at: "scalar") == Tensor(scalar: 2.5))
    #expect(try root.dataset(at: "none") == Tensor([], shape: [0, 3]))
    let rows = (0..<20).flatMap { _ in [0, 1, 2, 3, 4, 5] as [Float] }
    #expect(try root.dataset(at: "gzip") == Tensor(rows, shape: [40, 3]))
  }

  @Test func `reads attributes of both string kinds, numbers and empty lists`() throws {
    let root = try HDF5File.read(HDF5Fixtures.path("good_attributes")).root
    let expected: OrderedDictionary<String, HDF5Attribute> = [
      "doubles": .doubles([0.5, -1]), "empty_list": .empty, "fixed": .string("tensorflow"),
      "fixed_list": .strings(["a", "bcd"]), "integer": .integers([-7]),
      "integers": .integers([1, 2]),
      "null": .empty, "spaces": .string("ab"), "truth": .integers([1]), "variable": .string("café"),
      "variable_list": .strings(["x", "", "zz"]),
    ]
    #expect(root.attributes == expected)
  }

  @Test func `reads the storage of newer library versions`() throws {
    let root = try HDF5File.read(HDF5Fixtures.path("good_latest")).root
    #expect(root.attributes["a11"] == .integers([11]))
    #expect(try root.dataset(at: "d11").floatArray == [11, 12, 13, 14, 15, 16])
    #expect(try root.dataset(at: "chunked").floatArray == [0, 1, 2, 3, 4, 5])
  }

  @Test func `reads bytes that are in memory already`() throws {
    let bytes = try HDF5Fixtures.bytes(HDF5Fixtures.path("good_latest"))
    let root = try HDF5File.read(FileBytes(bytes, name: "inner.h5")).root
    #expect(root.datasets.count == 13)
  }

  @Test func `skips groups it is told to skip`() throws {
    let path = HDF5Fixtures.path("good_keras_model")
    let root = try HDF5File.read(path, skippingGroups: ["optimizer_weights"]).root
    #expect(root.datasetPaths == ["model_weights/conv/conv/kernel:0"])
  }

  @Test(arguments: ["", "/conv", "conv//conv", "conv/../conv", ".", "conv/"])
  func `rejects a dataset path that is not plain`(_ path: String) throws {
    let root = try HDF5File.read(HDF5Fixtures.path("good_keras_split")).root
    let error = #expect(throws: CheckpointError.self) { try root.dataset(at: path) }
    #expect(error?.code == .corrupt)
  }

  @Test(arguments: ["conv", "conv/conv_1", "conv/none", "none/conv_1/kernel:0"])
  func `rejects a dataset path that leads nowhere`(_ path: String) throws {
    let root = try HDF5File.read(HDF5Fixtures.path("good_keras_split")).root
    let error = #expect(throws: CheckpointError.self) { try root.dataset(at: path) }
    #expect(error?.code == .missing)
  }
}
