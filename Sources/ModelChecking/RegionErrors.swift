package import GraphIR
package import TensorCore

/// Errors of pictures in the holes, at their rim and elsewhere, and of the composited picture.
///
/// A single figure for the whole picture hides a fault that only holes have.
package struct RegionErrors: Sendable {
  package private(set) var byRegion: [Region: ArrayComparison] = [:]
  /// Of the picture whose valid pixels come from the input: what a user gets. Empty when the input
  /// and the output are no pictures of one shape.
  package private(set) var composite = ArrayComparison()

  package init() {}

  /// Adds pictures of one batch.
  ///
  /// - Parameters:
  ///   - image: the pictures fed, of the outputs' shape; nil when there are none.
  ///   - map: regions that fit the shape of `actual`.
  package mutating func add(
    _ actual: Tensor, _ expected: Tensor, image: Tensor?, _ map: RegionMap, _ layout: Layout
  ) {
    let channels = actual.shape[layout == .nhwc ? 3 : 1]
    let values = actual.floats
    let wanted = expected.floats
    var parts = Region.allCases.map { byRegion[$0] ?? ArrayComparison() }
    for index in values.indices {
      switch map.regions[map.pixel(of: index, channels: channels, layout)] {
      case .hole: parts[0].add(values[index], wanted[index])
      case .rim: parts[1].add(values[index], wanted[index])
      case .valid: parts[2].add(values[index], wanted[index])
      }
    }
    for (region, part) in zip(Region.allCases, parts) { byRegion[region] = part }
    guard let image, image.shape == actual.shape else { return }
    let original = image.floats
    for index in values.indices {
      let isHole = map.regions[map.pixel(of: index, channels: channels, layout)] == .hole
      composite.add(
        isHole ? values[index] : original[index], isHole ? wanted[index] : original[index])
    }
  }
}
