package import GraphIR

/// All that a model file holds.
package struct StoredModel: Sendable, Equatable {
  package var graph: VerifiedGraph
  package var provenance: Provenance
  /// How pictures and masks become inputs, and outputs become pictures.
  package var processing: [Provenance.Setting]

  package init(
    graph: VerifiedGraph, provenance: Provenance, processing: [Provenance.Setting] = []
  ) {
    self.graph = graph
    self.provenance = provenance
    self.processing = processing
  }
}
