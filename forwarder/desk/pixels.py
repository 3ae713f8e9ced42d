"""A picture that was decoded to pixels and written anew carries nothing of its file over, only what can be seen.

How many pixels there are is read from the header and limited before anything is decoded. Pure but for Pillow.
"""

import io
from typing import Final

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from onion_service.clean.errors import CleanError
from onion_service.clean.photo import clean_photo

MAX_PIXELS: Final = 64_000_000
MAX_SIDE: Final = 30_000
JPEG_QUALITY: Final = 95
# Named here, so that they are loaded before the walls close, and no other decoder is.
DECODERS: Final = {
    "jpeg": JpegImagePlugin.JpegImageFile.format,
    "png": PngImagePlugin.PngImageFile.format,
    "webp": WebPImagePlugin.WebPImageFile.format,
    "gif": GifImagePlugin.GifImageFile.format,
    "tiff": TiffImagePlugin.TiffImageFile.format,
    "avif": AvifImagePlugin.AvifImageFile.format,
}
_SIXTEEN_BITS: Final = ("I;16", "I;16B", "I;16L", "I;16N", "I")


class TooManyPixels(Exception):
    """More pixels than are decoded here."""


class NotDecoded(Exception):
    """The decoder could not read it."""


def rebuilt(data: bytes, *, kind: str) -> tuple[bytes, bool]:
    """The first picture in `data` as a new JPEG or PNG, and whether there were more.

    Raises TooManyPixels or NotDecoded; whatever else a decoder does ends the child that runs it.
    """
    try:
        Image.MAX_IMAGE_PIXELS = MAX_PIXELS
        with Image.open(io.BytesIO(data), formats=[DECODERS[kind]]) as picture:
            if picture.width * picture.height > MAX_PIXELS or max(picture.size) > MAX_SIDE:
                raise TooManyPixels
            more = getattr(picture, "n_frames", 1) > 1
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            return _written(_bare(upright), as_jpeg=kind != "png"), more
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels from None
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError, CleanError) as error:
        raise NotDecoded from error


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels alone, in one of four modes."""
    if picture.mode in _SIXTEEN_BITS:
        picture = picture.point(lambda value: value / 256).convert("L")
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    grey = picture.mode in ("1", "L", "LA") and not has_alpha
    plain = picture.convert("RGBA" if has_alpha else "L" if grey else "RGB")
    return Image.frombytes(plain.mode, plain.size, plain.tobytes())


def _written(picture: Image.Image, *, as_jpeg: bool) -> bytes:
    wire = io.BytesIO()
    if as_jpeg and picture.mode != "RGBA":
        picture.save(wire, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    else:
        picture.save(wire, "PNG", compress_level=3)
    # Our own writer has the last word about what stands around the picture.
    return clean_photo(wire.getvalue()).data


def document(pages: list[bytes]) -> bytes:
    """A PDF with one JPEG on each page and nothing else: no text, no link, no script, no date, no name.

    Raises a CleanError when a page is not a whole JPEG.
    """
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for page in pages:
        photo = clean_photo(page)
        width, height = photo.width, photo.height
        space = b"/DeviceGray" if photo.data[photo.data.index(b"\xff\xc0") + 9] == 1 else b"/DeviceRGB"
        first = len(objects) + 1
        scale = 842 / max(width, height)
        box = b"%.2f %.2f" % (width * scale, height * scale)
        drawing = b"q %.2f 0 0 %.2f 0 0 cm /P Do Q" % (width * scale, height * scale)
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %b]/Resources<</XObject<</P %d 0 R>>>>/Contents %d 0 R>>"
            % (box, first + 1, first + 2),
            b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%b/BitsPerComponent 8/Filter/DCTDecode"
            b"/Length %d>>\nstream\n%b\nendstream" % (width, height, space, len(photo.data), photo.data),
            b"<</Length %d>>\nstream\n%b\nendstream" % (len(drawing), drawing),
        ]
        kids.append(b"%d 0 R" % first)
    objects[1] = b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(pages), b" ".join(kids))
    return _numbered(objects)


def _numbered(objects: list[bytes]) -> bytes:
    wire = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(wire))
        wire += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(wire)
    wire += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    wire += b"".join(b"%010d 00000 n \n" % place for place in places)
    wire += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(wire)
