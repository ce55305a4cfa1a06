import Glibc

/// What this process uses, and how busy the machine is.
public enum ProcessUsage {
  /// Most memory that this process held at once, in bytes.
  public static var peakMemoryByteCount: Int {
    var usage = rusage()
    guard unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return usage.ru_maxrss << 10
  }

  /// Processes that wanted to run, averaged over the last minute.
  public static var loadAverage: Double {
    var load = 0.0
    return unsafe getloadavg(&load, 1) == 1 ? load : 0
  }
}
