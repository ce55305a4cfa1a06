import CKernels

/// What a partial convolution computes besides the sum, pixel by pixel.
package struct Epilogue: Sendable {
  /// The pointwise function at the end.
  package enum Function: Sendable {
    case none, relu, sigmoid, tanh
    case leakyReLU(slope: Float)

    /// The function as C names it, and its slope.
    var row: (pc_activation, Float) {
      switch self {
      case .none: (PC_ACTIVATION_NONE, 0)
      case .relu: (PC_ACTIVATION_RELU, 0)
      case .sigmoid: (PC_ACTIVATION_SIGMOID, 0)
      case .tanh: (PC_ACTIVATION_TANH, 0)
      case .leakyReLU(let slope): (PC_ACTIVATION_LEAKY_RELU, slope)
      }
    }
  }

  /// A vector over output channels and the plane that scales it; 1 everywhere when there is none.
  package struct Bias: Sendable {
    package var vector: MemoryRegion
    package var plane: MemoryRegion?

    package init(vector: MemoryRegion, plane: MemoryRegion?) {
      self.vector = vector
      self.plane = plane
    }
  }

  /// Most biases that one kernel adds.
  package static let maximumBiasCount = PC_MAX_BIASES

  /// One value per output channel; 1 everywhere when there is none.
  package var scale: MemoryRegion?
  /// One value per output pixel; 1 everywhere when there is none.
  package var ratio: MemoryRegion?
  package var biases: [Bias]
  package var function: Function
  /// How results are stored; sigmoid and tanh are of `f32` results only.
  package var storage: ResultStorage

  package init(
    scale: MemoryRegion? = nil, ratio: MemoryRegion? = nil, biases: [Bias] = [],
    function: Function = .none, storage: ResultStorage = .float32
  ) {
    self.scale = scale
    self.ratio = ratio
    self.biases = biases
    self.function = function
    self.storage = storage
  }
}

extension Epilogue {
  /// Writes the function and the storage to `task`; the vectors and planes are the caller's.
  func describe(in task: inout pc_convolution) {
    (unsafe task.activation, unsafe task.slope) = function.row
    (unsafe task.storage, unsafe task.reciprocal, unsafe task.zero_point) = storage.row
  }

  /// Whether kernels apply the function while a result is still `f32`.
  var isStoredAfterFunction: Bool {
    switch function {
    case .sigmoid, .tanh: storage == .float32
    default: true
    }
  }
}
