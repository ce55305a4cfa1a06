import KernelLibrary

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How many processors this process may use.
package enum ProcessorCount {
  /// The processors that the scheduler and the container's quota allow; at least 1.
  package static let available: Int = {
    let allowed = Processor.schedulableCount
    guard let quota = containerQuota else { return max(allowed, 1) }
    return max(min(allowed, Int(quota.rounded(.up))), 1)
  }()

  /// The processors that control groups grant, version 2 or 1; nil without a limit.
  private static var containerQuota: Double? {
    if let line = firstLine("/sys/fs/cgroup/cpu.max") {
      return quota(line.split(separator: " ").map(String.init))
    }
    guard let quotaLine = firstLine("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
      let period = firstLine("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
    else { return nil }
    return quota([quotaLine, period])
  }

  /// Quota over period, in microseconds; nil for `max`, -1 and anything unreadable.
  static func quota(_ words: [String]) -> Double? {
    guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]),
      quota > 0, period > 0
    else { return nil }
    return quota / period
  }

  private static func firstLine(_ path: String) -> String? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard unsafe fgets(&line, Int32(line.count), file) != nil else { return nil }
    return String(
      decoding: line.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
