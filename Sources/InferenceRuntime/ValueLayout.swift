import GraphIR
import TensorCore

/// How one value lies in memory: its shape in the graph's order of axes, and the order in memory.
///
/// Pictures `[N, C, H, W]` lie as N H W C, everything else in the graph's order.
struct ValueLayout: Hashable, Sendable {
  let elementType: ElementType
  /// Axis lengths in the graph's order.
  let shape: [Int]
  /// Whether this is a picture that lies as N H W C.
  let isPicture: Bool
  /// Its pixels; one for a value that is no picture.
  let frame: PixelSet.Frame

  init?(_ type: ValueType) {
    guard let shape = type.fixedShape else { return nil }
    elementType = type.elementType
    self.shape = shape
    isPicture = type.layout == .nchw && shape.count == 4
    switch type.layout {
    case .nchw where shape.count == 4:
      frame = PixelSet.Frame(images: shape[0], height: shape[2], width: shape[3])
    case .nhwc where shape.count == 4:
      frame = PixelSet.Frame(images: shape[0], height: shape[1], width: shape[2])
    default: frame = PixelSet.Frame(height: 1, width: 1)
    }
  }

  /// An `f32` picture of shape `[N, C, H, W]`.
  init(picture shape: [Int]) {
    elementType = .float32
    self.shape = shape
    isPicture = true
    frame = PixelSet.Frame(images: shape[0], height: shape[2], width: shape[3])
  }

  var elementCount: Int { Tensor.elementCount(of: shape) }
  var byteCount: Int { elementCount * elementType.byteCount }

  var images: Int { shape[0] }
  var channels: Int { shape[1] }
  var height: Int { shape[2] }
  var width: Int { shape[3] }
  /// Pixels of all images.
  var pixelCount: Int { images * height * width }

  /// The graph's axes in order of memory.
  var memoryAxes: [Int] { isPicture ? [0, 2, 3, 1] : Array(shape.indices) }

  /// Elements between neighbours along each of the graph's axes; 0 along an axis of length 1.
  var strides: [Int] {
    var result = [Int](repeating: 0, count: shape.count)
    var stride = 1
    for axis in memoryAxes.reversed() {
      result[axis] = shape[axis] == 1 ? 0 : stride
      stride *= shape[axis]
    }
    return result
  }
}
