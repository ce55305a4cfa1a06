/// The version of this library and its commands.
public enum ProductVersion {
  public static let text = "1.0.0"
}
