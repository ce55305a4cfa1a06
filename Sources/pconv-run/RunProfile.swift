import CommandSupport
import InferenceRuntime
import PartialConv

/// The steps of one run as a trace that Chrome's `about:tracing` and Perfetto show.
///
/// - Source: Trace Event Format, complete events (`ph` = `X`); times in microseconds.
struct RunProfile: Encodable {
  /// One step.
  struct Event: Encodable {
    /// What is known of a convolution.
    struct Arguments: Encodable {
      let algorithm: String
      /// Billions of multiply-adds per second of the time of day, by all threads.
      let gigaMultiplyAddsPerSecond: Double
      /// Of what the threads could reach if memory were free, 0...1.
      let shareOfPeak: Double
    }

    let name: String
    let cat: String
    let ph = "X"
    let ts: Double
    let dur: Double
    let pid = 1
    let tid = 1
    let args: Arguments?
  }

  let traceEvents: [Event]

  init(_ session: ModelSession) {
    let peak = session.peakRate * Double(session.threadCount)
    traceEvents = session.latestTimes.map { step in
      let rate = step.seconds > 0 ? Double(step.multiplyAdds) / step.seconds / 1e9 : 0
      return Event(
        name: step.label, cat: step.multiplyAdds > 0 ? "convolution" : "other",
        ts: step.start * 1e6, dur: step.seconds * 1e6,
        args: step.multiplyAdds > 0
          ? .init(
            algorithm: step.algorithm, gigaMultiplyAddsPerSecond: rate, shareOfPeak: rate / peak)
          : nil)
    }
  }

  /// Writes the trace to `path`, all of it or nothing.
  func write(to path: String) throws(PartialConvError) {
    try TextFile.write(Terminal.json(self), to: path)
  }
}
