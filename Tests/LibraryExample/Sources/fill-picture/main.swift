import PartialConv

guard CommandLine.arguments.count == 5 else {
  print("usage: fill-picture MODEL.pcm PICTURE MASK OUTPUT.png")
  throw PartialConvError(.usage, "four arguments are needed")
}
let paths = Array(CommandLine.arguments[1...])

let model = try Model.load(paths[0])
print("\(model.title): \(model.inputs.map(\.name)) -> \(model.outputs.map(\.name))")

let (picture, mask) = try PictureFiles.read(paths[1], mask: paths[2], validColor: .white)
let filled = try PictureInpainting(model.makeSession()).fill(picture, mask)
try PictureFiles.write(filled, paths[3])
