"""A checkpoint whose pickle calls `touch PWNED`: a reader must refuse it and run nothing."""

import zipfile

COMMAND = b"touch PWNED"
MALICIOUS_PICKLE = (
  b"\x80\x02}X\x05\x00\x00\x00model"
  + b"cos\nsystem\nX"
  + len(COMMAND).to_bytes(4, "little")
  + COMMAND
  + b"\x85R"
  + b"s."
)
MEMBERS = {"data.pkl": MALICIOUS_PICKLE, "byteorder": b"little", "version": b"3\n"}


def make(folder):
  """Writes `malicious.pth`, a torch zip container, into `folder`."""
  with zipfile.ZipFile(folder / "malicious.pth", "w", zipfile.ZIP_STORED) as archive:
    for name, data in MEMBERS.items():
      archive.writestr(zipfile.ZipInfo(f"malicious/{name}"), data)
