/// Copies a strided view, whose first element is at the start of `source`, into C order.
///
/// The innermost run of neighbours is copied at once. Strides are in elements, and the caller has
/// checked that every element lies inside `source`.
@unsafe func copyStrided(
  from source: UnsafeRawBufferPointer, to destination: UnsafeMutableRawBufferPointer,
  shape: [Int], strides: [Int], elementSize: Int
) {
  guard let from = source.baseAddress, let to = destination.baseAddress else { return }
  var runAxis = shape.count
  var runCount = 1
  while runAxis > 0, strides[runAxis - 1] == runCount || shape[runAxis - 1] == 1 {
    runAxis -= 1
    runCount *= shape[runAxis]
  }
  let run = runCount * elementSize
  let outer = Array(shape[..<runAxis])
  var index = [Int](repeating: 0, count: runAxis)
  var offset = 0
  for position in stride(from: 0, to: destination.count, by: run) {
    unsafe (to + position).copyMemory(from: from + offset * elementSize, byteCount: run)
    for axis in outer.indices.reversed() {
      index[axis] += 1
      offset += strides[axis]
      if index[axis] < outer[axis] { break }
      offset -= strides[axis] * outer[axis]
      index[axis] = 0
    }
  }
}

/// Reverses the bytes of every element in place.
@unsafe func swapBytes(of buffer: UnsafeMutableRawBufferPointer, elementSize: Int) {
  func swap<T: FixedWidthInteger>(_: T.Type) {
    let elements = unsafe buffer.bindMemory(to: T.self)
    for index in elements.indices { unsafe elements[index] = elements[index].byteSwapped }
  }
  switch elementSize {
  case 2: swap(UInt16.self)
  case 4: swap(UInt32.self)
  case 8: swap(UInt64.self)
  default: break
  }
}
