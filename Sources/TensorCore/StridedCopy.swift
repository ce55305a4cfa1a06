/// An axis of a copy: how many steps, and the bytes between neighbours on either side.
private struct CopyAxis {
  var size: Int
  var source: Int
  var destination = 0
}

/// Copies a strided view, whose first element is at `source`, into C order.
///
/// Neighbouring axes that form one run are merged, and bytes that are together on both sides move at
/// once. The axis that is closest together in the source is cut into pieces of one cache line, so
/// that every line is read once and each of a few rows is written from front to back.
/// - Parameters:
///   - source: the caller has checked that every element lies in it.
///   - destination: as many bytes as the elements of `shape` take.
///   - strides: distance between neighbours along each axis of `shape`, in elements.
@unsafe package func copyStrided(
  from source: UnsafeRawPointer, to destination: UnsafeMutableRawBufferPointer,
  shape: [Int], strides: [Int], elementSize: Int
) {
  guard let target = destination.baseAddress, !shape.contains(0) else { return }
  var (axes, run) = mergedAxes(shape: shape, strides: strides, elementSize: elementSize)
  let row = axes.popLast() ?? CopyAxis(size: 1, source: 0)
  let closest = axes.indices.min { axes[$0].source < axes[$1].source }
  let lines = closest.flatMap { axes[$0].source < row.source ? axes.remove(at: $0) : nil }
  var piece = lines ?? CopyAxis(size: 1, source: 0)
  let width = max(1, 64 / run)
  let size = piece.size
  for first in stride(from: 0, to: size, by: width) {
    piece.size = min(width, size - first)
    forEachOffset(axes) { sourceOffset, targetOffset in
      unsafe copyRows(
        from: source + sourceOffset + first * piece.source,
        to: target + targetOffset + first * piece.destination, row, piece, run: run)
    }
  }
}

/// The axes longer than 1, merged where both sides allow it, and the bytes of the innermost run.
private func mergedAxes(
  shape: [Int], strides: [Int], elementSize: Int
) -> (axes: [CopyAxis], run: Int) {
  var axes: [CopyAxis] = []
  for (size, stride) in zip(shape, strides) where size != 1 {
    var axis = CopyAxis(size: size, source: stride * elementSize)
    if let outer = axes.last, outer.source == axis.source * size {
      axis.size *= outer.size
      axes.removeLast()
    }
    axes.append(axis)
  }
  var run = elementSize
  if let last = axes.last, last.source == run {
    run *= last.size
    axes.removeLast()
  }
  var distance = run
  for index in axes.indices.reversed() {
    axes[index].destination = distance
    distance *= axes[index].size
  }
  return (axes, run)
}

/// Calls `body` with the offsets of every position along `axes`, the last axis fastest.
private func forEachOffset(_ axes: [CopyAxis], _ body: (Int, Int) -> Void) {
  var position = [Int](repeating: 0, count: axes.count)
  var source = 0
  var destination = 0
  while true {
    body(source, destination)
    var index = axes.count - 1
    while index >= 0, position[index] == axes[index].size - 1 {
      source -= position[index] * axes[index].source
      destination -= position[index] * axes[index].destination
      position[index] = 0
      index -= 1
    }
    guard index >= 0 else { return }
    position[index] += 1
    source += axes[index].source
    destination += axes[index].destination
  }
}

@unsafe private func copyRows(
  from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer,
  _ row: CopyAxis, _ piece: CopyAxis, run: Int
) {
  switch run {
  case 1: unsafe copyElements(UInt8.self, from: source, to: destination, row, piece)
  case 2: unsafe copyElements(UInt16.self, from: source, to: destination, row, piece)
  case 4: unsafe copyElements(UInt32.self, from: source, to: destination, row, piece)
  case 8: unsafe copyElements(UInt64.self, from: source, to: destination, row, piece)
  default:
    for step in 0..<row.size {
      for line in 0..<piece.size {
        unsafe (destination + step * row.destination + line * piece.destination).copyMemory(
          from: source + step * row.source + line * piece.source, byteCount: run)
      }
    }
  }
}

@unsafe @inline(__always) private func copyElements<Element: BitwiseCopyable>(
  _: Element.Type, from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer,
  _ row: CopyAxis, _ piece: CopyAxis
) {
  for step in 0..<row.size {
    for line in 0..<piece.size {
      unsafe (destination + step * row.destination + line * piece.destination).storeBytes(
        of: (source + step * row.source + line * piece.source).loadUnaligned(as: Element.self),
        as: Element.self)
    }
  }
}
