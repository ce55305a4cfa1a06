import Dispatch
import PartialConv
import Synchronization
import TensorCore
import TestSupport
import Testing

@Suite struct SessionTests {
  private static let rows = [
    AgreementCase(checkpoint: "keras/unet_weights.h5", arrays: "keras/unet.npz"),
    AgreementCase(checkpoint: "pytorch/naoto_unet.pth", arrays: "pytorch/naoto_unet.npz"),
    AgreementCase(checkpoint: "pytorch/pdresnet18.pth.tar", arrays: "pytorch/pdresnet18.npz"),
    AgreementCase(checkpoint: "crai/first_bn.pth", arrays: "crai/first_bn.npz"),
  ]

  @Test(arguments: rows)
  func `gives a batch of two the bits of two single runs`(_ row: AgreementCase) throws {
    let inputs = try row.loadArrays().inputs
    let session = try row.convert().makeSession()
    let both = try session.run(inputs)
    for index in 0..<2 {
      let single = try session.run(inputs.mapValues { $0.slice(index..<index + 1) })
      for (whole, part) in zip(both, single) {
        #expect(whole.tensor.slice(index..<index + 1) == part.tensor, "\(whole.name) \(index)")
      }
    }
  }

  @Test(arguments: rows)
  func `gives the same bits on any number of threads`(_ row: AgreementCase) throws {
    let inputs = try row.loadArrays().inputs
    let model = try row.convert()
    let expected = try model.makeSession(threads: 1).run(inputs)
    for threads in [2, 3, 8] {
      let session = model.makeSession(threads: threads)
      #expect(session.threadCount == threads)
      let outputs = try session.run(inputs)
      for (one, many) in zip(expected, outputs) { #expect(one.tensor == many.tensor, "\(threads)") }
    }
  }

  @Test func `runs several sessions of one model at once`() throws {
    let row = AgreementCase(checkpoint: "pytorch/naoto_unet.pth", arrays: "pytorch/naoto_unet.npz")
    let inputs = try row.loadArrays().inputs
    let model = try row.convert()
    let expected = try model.makeSession(threads: 1).run(inputs).map(\.tensor)
    let agreements = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 6) { number in
      let session = model.makeSession(threads: number % 3 + 1)
      for _ in 0..<2 {
        let outputs = (try? session.run(inputs))?.map(\.tensor)
        if outputs == expected { agreements.withLock { $0 += 1 } }
      }
    }
    #expect(agreements.withLock { $0 } == 12)
  }

  @Test func `changes the size of its pictures between runs`() throws {
    let row = AgreementCase(checkpoint: "crai/first_bn.pth", arrays: "crai/first_bn.npz")
    let arrays = try row.loadArrays()
    let session = try row.convert().makeSession()
    for (height, width) in [(1, 1), (19, 64), (40, 3)] {
      let ones = Tensor([Float](repeating: 1, count: height * width), shape: [1, 1, height, width])
      #expect(try session.run(["image": ones, "mask": ones])[0].tensor.shape == ones.shape)
    }
    try row.expectAgreement(session.run(arrays.inputs), with: arrays)
  }

  @Test func `takes inputs by the source's own names`() throws {
    let row = AgreementCase(
      checkpoint: "keras/unet_weights.h5", arrays: "keras/unet_fractional.npz")
    let arrays = try row.loadArrays()
    let model = try row.convert()
    #expect(model.inputName("inputs_img") == "image")
    #expect(model.inputName("image") == "image")
    #expect(model.inputName("picture") == nil)
    let inputs = arrays.inputs
    let renamed = ["inputs_img": inputs["image"], "inputs_mask": inputs["mask"]].compactMapValues(
      \.self)
    try row.expectAgreement(model.makeSession().run(renamed), with: arrays)
  }

  @Test(arguments: [
    (["image"], [1, 3, 128, 128]),
    (["image", "mask", "third"], [1, 3, 128, 128]),
    (["image", "mask"], [1, 3, 100, 128]),
    (["image", "mask"], [1, 4, 128, 128]),
    (["image", "mask"], [3, 128, 128]),
    (["image", "mask"], [0, 3, 128, 128]),
  ])
  func `rejects arrays that do not fit`(_ names: [String], _ shape: [Int]) throws {
    let row = AgreementCase(checkpoint: "pytorch/naoto_unet.pth", arrays: "pytorch/naoto_unet.npz")
    let tensor = Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
    let session = try row.convert().makeSession()
    let error = #expect(throws: PartialConvError.self) {
      try session.run(Dictionary(uniqueKeysWithValues: names.map { ($0, tensor) }))
    }
    #expect(error?.kind == .mismatch)
  }
}
