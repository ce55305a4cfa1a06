/// The CRC-32C (Castagnoli) checksum of `bytes`, one bit at a time: it serves the short header only.
///
/// - Source: RFC 3720 appendix B.4 (reflected polynomial 0x82F63B78, inverted in and out).
func crc32c(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var remainder = UInt32.max
  for byte in bytes {
    remainder ^= UInt32(byte)
    for _ in 0..<8 {
      remainder = remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0x82F6_3B78
    }
  }
  return ~remainder
}
