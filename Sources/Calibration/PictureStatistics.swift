import GraphIR
import TensorCore

/// The values of each picture at the positions that a layer takes into account.
struct PictureStatistics {
  private(set) var histograms: [ValueID: Histogram] = [:]
  /// For each picture the masks of its readers; nil where one reads it unmasked.
  private let masks: [(picture: ValueID, masks: [ValueID]?)]

  init(_ layers: [LayerProbe.Layer]) {
    var masks: [ValueID: [ValueID]?] = [:]
    var order: [ValueID] = []
    for layer in layers {
      for (picture, mask) in zip(layer.arguments.pictures, layer.arguments.masks) {
        if masks[picture] == nil { order.append(picture) }
        let known = masks[picture] ?? []
        masks.updateValue(mask.flatMap { mask in known.map { $0 + [mask] } }, forKey: picture)
      }
    }
    self.masks = order.map { ($0, masks[$0] ?? nil) }
  }

  /// Adds one run: each picture `[N, C, H, W]` where the mask of any of its readers is not 0.
  mutating func add(_ values: LayerProbe.Values) {
    for (picture, masks) in masks {
      let tensor = values[picture]
      guard let masks else {
        histograms[picture, default: Histogram()].add(tensor.floatArray)
        continue
      }
      let planes = masks.map { PlaneView(values[$0]) }
      let pixels = tensor.floatArray
      let area = tensor.shape[2] * tensor.shape[3]
      for image in 0..<tensor.shape[0] {
        let valid = (0..<area).filter { pixel in planes.contains { $0[image, pixel] != 0 } }
        for channel in 0..<tensor.shape[1] {
          let start = (image * tensor.shape[1] + channel) * area
          histograms[picture, default: Histogram()].add(valid.lazy.map { pixels[start + $0] })
        }
      }
    }
  }
}

/// A plane `[N, 1, H, W]`, or `[1, 1, H, W]` for all images.
struct PlaneView {
  private let values: [Float]
  private let area: Int
  private let isShared: Bool

  init(_ tensor: Tensor) {
    values = tensor.floatArray
    area = tensor.shape[2] * tensor.shape[3]
    isShared = tensor.shape[0] == 1
  }

  subscript(image: Int, pixel: Int) -> Float { values[(isShared ? 0 : image * area) + pixel] }
}
