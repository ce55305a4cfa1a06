import CKernels

/// What threads need to know and to say about the processors that they run on.
package enum Processor {
  /// Processors that the scheduler lets this process run on.
  package static var schedulableCount: Int { pc_processor_count() }

  /// Bytes of memory that the machine has.
  package static let physicalMemoryByteCount = pc_physical_memory_size()

  /// Seconds of processor time that all threads of this process have used: a measure that other
  /// processes disturb less than the time of day.
  package static var processSeconds: Double { pc_process_seconds() }

  /// Tells the processor that this thread is polling.
  package static func pause() { pc_pause() }
}
