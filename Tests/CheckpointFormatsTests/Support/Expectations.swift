import CheckpointFormats
import Testing

/// Expects an error of `code` whose description contains `text`.
func expectError(
  _ code: CheckpointError.Code, _ text: String = "",
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("accepted", sourceLocation: sourceLocation)
  } catch let error as CheckpointError {
    #expect(
      error.code == code && error.description.contains(text), "\(error.code): \(error)",
      sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}
