import Foundation

/// A bar on stderr for work of known steps; silent unless a person watches.
public final class ProgressBar {
  private let stepCount: Int
  private var step = 0
  private let isShown: Bool
  private static let width = 30

  public init(stepCount: Int, isShown: Bool = true) {
    self.stepCount = max(stepCount, 1)
    self.isShown = isShown && Terminal.isInteractive
  }

  /// Shows that the next step begins.
  public func advance(_ what: String) {
    show(what)
    step += 1
  }

  /// Shows what happens within a step.
  public func show(_ what: String) {
    guard isShown else { return }
    let filled = min(step, stepCount) * Self.width / stepCount
    let bar =
      String(repeating: "#", count: filled)
      + String(repeating: "-", count: Self.width - filled)
    Terminal.talk("\r[\(bar)] \(what)\u{1B}[K")
  }

  /// Takes the bar away.
  public func finish() {
    guard isShown else { return }
    Terminal.talk("\r\u{1B}[K")
  }
}
