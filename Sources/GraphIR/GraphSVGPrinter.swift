/// Draws a graph as an SVG picture that needs no other file or program.
///
/// The same graph gives the same bytes. Hovering over a box shows its line of the text form.
public enum GraphSVGPrinter {
  private static let characterWidth = 7
  private static let lineHeight = 15
  private static let margin = 8
  private static let longestText = 44

  public static func text(_ graph: Graph) -> String {
    let drawing = GraphDrawing(graph)
    let texts = drawing.boxes.map(lines)
    let layout = LayeredLayout(
      sizes: texts.map { lines in
        (
          (lines.map(\.count).max() ?? 0) * characterWidth + 2 * margin,
          lines.count * lineHeight + 2 * margin
        )
      }, edges: drawing.edges)
    var parts = [header(graph.name, layout)]
    for (index, edge) in drawing.edges.enumerated() {
      parts.append(
        path(layout.frames[edge.from], layout.frames[edge.to], lane: layout.lanes[index]))
    }
    for (index, box) in drawing.boxes.enumerated() {
      parts.append(element(box, texts[index], layout.frames[index]))
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  private static func header(_ name: String, _ layout: LayeredLayout) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="\(layout.width)" height="\(layout.height)" \
    viewBox="0 0 \(layout.width) \(layout.height)" font-family="monospace" font-size="11.5">
    <title>\(name.escapedForMarkup)</title>
    <defs><marker id="arrow" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">\
    <path d="M0,1 L7,4 L0,7 z" fill="#666666"/></marker></defs>
    <rect width="100%" height="100%" fill="#ffffff"/>
    """
  }

  /// What stands in a box: operation, layer and type, each cut to a readable length.
  private static func lines(_ box: GraphDrawing.Box) -> [String] {
    [box.title, box.label, box.type].filter { !$0.isEmpty }.map { text in
      text.count > longestText ? text.prefix(longestText - 1) + "…" : text
    }
  }

  private static func path(
    _ from: LayeredLayout.Frame, _ to: LayeredLayout.Frame, lane: Int?
  ) -> String {
    let (x, y) = (from.x + from.width / 2, from.y + from.height)
    let (endX, endY) = (to.x + to.width / 2, to.y)
    let bend = 18
    let curve =
      lane.map { lane in
        "C\(x),\(y + bend) \(lane),\(y) \(lane),\(y + 2 * bend) "
          + "L\(lane),\(endY - 2 * bend) C\(lane),\(endY) \(endX),\(endY - bend) \(endX),\(endY)"
      } ?? "C\(x),\(y + bend) \(endX),\(endY - bend) \(endX),\(endY)"
    return "<path d=\"M\(x),\(y) \(curve)\" fill=\"none\" stroke=\"#666666\" "
      + "marker-end=\"url(#arrow)\"/>"
  }

  private static func element(
    _ box: GraphDrawing.Box, _ lines: [String], _ frame: LayeredLayout.Frame
  ) -> String {
    let radius = box.kind == .port ? frame.height / 2 : 3
    var parts = [
      "<g id=\"\(box.name)\" class=\"\(box.kind.rawValue)\">"
        + "<title>\(box.line.escapedForMarkup)</title>",
      "<rect x=\"\(frame.x)\" y=\"\(frame.y)\" width=\"\(frame.width)\" height=\"\(frame.height)\" "
        + "rx=\"\(radius)\" fill=\"\(box.kind.color)\" stroke=\"#333333\"/>",
    ]
    for (index, line) in lines.enumerated() {
      let y = frame.y + margin + lineHeight * (index + 1) - 4
      let weight = index == 0 ? " font-weight=\"bold\"" : ""
      parts.append(
        "<text x=\"\(frame.x + margin)\" y=\"\(y)\"\(weight)>"
          + "\(line.escapedForMarkup)</text>")
    }
    return parts.joined() + "</g>"
  }
}
