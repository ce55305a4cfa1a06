"""Makes the image fixtures and what Pillow decodes them to (python3 generate.py; needs Pillow).

Each <name>.png or <name>.jpg has a <name>.txt: "width height channels bitDepth", then the samples.
PNG kinds that Pillow cannot write (interlaced, 16-bit colour) are written here byte by byte; where
Pillow would decode them to 8 bits, the samples that were encoded are the expectation.
"""

import io
import pathlib
import struct
import zlib

from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2)]


def sequence(count, limit, seed):
    values = []
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) % 2**31
        values.append((seed >> 8) % limit)
    return values


def photo(width, height):
    image = Image.new("RGB", (width, height))
    image.putdata([(x * 255 // width, y * 255 // height, (x * y * 7 + 40) % 256)
                   for y in range(height) for x in range(width)])
    return image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, color, samples, interlaced=False):
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[color]
    rows = bytearray()
    for left, top, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        for y in range(top, height, dy):
            if left >= width:
                continue
            rows.append(0)
            bits = ""
            for x in range(left, width, dx):
                start = (y * width + x) * channels
                bits += "".join(format(v, f"0{depth}b") for v in samples[start:start + channels])
            bits += "0" * (-len(bits) % 8)
            rows += int(bits, 2).to_bytes(len(bits) // 8, "big")
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows)))
            + chunk(b"IEND", b""))


def expect(name, width, height, channels, depth, samples):
    lines = [f"{width} {height} {channels} {depth}"]
    step = width * channels
    for start in range(0, len(samples), step):
        lines.append(" ".join(map(str, samples[start:start + step])))
    (HERE / f"{name}.txt").write_text("\n".join(lines) + "\n")


def flat(image):
    data = image.tobytes()
    return list(struct.unpack(f"={len(data) // 4}i", data)) if image.mode == "I" else list(data)


def expect_pillow(name, image, mode):
    image = image.convert(mode)
    depth = 16 if mode == "I" else 8
    channels = 1 if mode == "I" else len(image.getbands())
    expect(name, image.width, image.height, channels, depth, flat(image))


def save(name, data, mode=None):
    suffix = "png" if data.startswith(SIGNATURE) else "jpg"
    (HERE / f"{name}.{suffix}").write_bytes(data)
    if mode:
        expect_pillow(name, Image.open(io.BytesIO(data)), mode)


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def make_pngs():
    for name, color, channels, mode in [("grey", 0, 1, "L"), ("grey-alpha", 4, 2, "LA"),
                                        ("rgb", 2, 3, "RGB"), ("rgba", 6, 4, "RGBA")]:
        bytes8 = sequence(7 * 5 * channels, 256, channels)
        image = Image.frombytes(mode, (7, 5), bytes(bytes8))
        save(f"{name}-8", encoded(image, "PNG"), mode)
        save(f"{name}-8-interlaced", png(7, 5, 8, color, bytes8, True), mode)
        words = sequence(7 * 5 * channels, 65536, 10 + channels)
        save(f"{name}-16", png(7, 5, 16, color, words))
        expect(f"{name}-16", 7, 5, channels, 16, words)
    save("grey-16-pillow", encoded(Image.frombytes(
        "I;16", (7, 5), struct.pack("<35H", *sequence(35, 65536, 3))), "PNG"), "I")
    for depth in (1, 2, 4):
        save(f"grey-{depth}", png(7, 5, depth, 0, sequence(35, 2**depth, depth)), "L")
    indexed = Image.frombytes("P", (7, 5), bytes(sequence(35, 5, 6)))
    indexed.putpalette([255, 0, 0, 0, 200, 10, 3, 4, 5, 90, 80, 70, 255, 255, 255])
    save("palette", encoded(indexed, "PNG"), "RGB")
    save("palette-alpha", encoded(indexed, "PNG", transparency=bytes([0, 128, 255, 7])), "RGBA")
    keyed = Image.frombytes("RGB", (7, 5), bytes(sequence(105, 2, 8)))
    save("rgb-transparent-color", encoded(keyed, "PNG", transparency=(1, 0, 1)), "RGBA")


def make_jpegs():
    image = photo(19, 13)
    save("grey", encoded(image.convert("L"), "JPEG", quality=90), "L")
    save("rgb", encoded(image, "JPEG", quality=90), "RGB")
    save("rgb-444-progressive",
         encoded(image, "JPEG", quality=80, subsampling=0, progressive=True), "RGB")
    save("cmyk", encoded(image.convert("CMYK"), "JPEG"))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encoded(photo(9, 6).convert("L"), "JPEG", quality=90, exif=exif)
        save(f"orientation-{orientation}", data)
        expect_pillow(f"orientation-{orientation}",
                      ImageOps.exif_transpose(Image.open(io.BytesIO(data))), "L")


def make_damaged():
    good = png(7, 5, 8, 2, sequence(105, 256, 9))
    save("damaged-truncated", good[:-30])
    position = good.index(b"IDAT") + 20
    save("damaged-crc", good[:position] + bytes([good[position] ^ 1]) + good[position + 1:])
    huge = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0)
    save("huge", SIGNATURE + chunk(b"IHDR", huge) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    jpeg = encoded(photo(19, 13), "JPEG", quality=90)
    save("damaged-truncated", jpeg[:-60])
    frame = jpeg.index(b"\xff\xc0") + 5
    save("huge", jpeg[:frame] + struct.pack(">HH", 65000, 65000) + jpeg[frame + 4:])


def make_resized():
    image = photo(19, 13)
    expect("resize-source", 19, 13, 3, 8, flat(image))
    for width, height in [(8, 5), (31, 40), (19, 13), (1, 1), (5, 29), (38, 26)]:
        for name, filter in [("nearest", Image.NEAREST), ("bilinear", Image.BILINEAR)]:
            expect_pillow(f"resize-{name}-{width}x{height}",
                          image.resize((width, height), filter), "RGB")


make_pngs()
make_jpegs()
make_damaged()
make_resized()
