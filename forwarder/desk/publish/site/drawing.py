"""A map as a PNG, for those who have no script and no SVG: the same alerts give the same bytes.

Pure: no clock, no disk, no chance. The picture has no text chunk and no time; it shows outlines, names of places and
published cells, each drawn from what the alerts say and from the gazetteer.
"""

import io
from collections.abc import Sequence
from itertools import combinations, product
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from forwarder.desk.folding import fold
from forwarder.desk.publish.site.marks import LOOKS, Look, Marked
from forwarder.desk.publish.site.view import View
from forwarder.places.gazetteer import PEOPLE, Gazetteer, Listed

Colour = tuple[int, int, int]
Canvas = ImageDraw.ImageDraw
Font = ImageFont.FreeTypeFont
Box = tuple[float, float, float, float]

WIDTH: Final = 1_000
PLACE_WIDTH: Final = 640
PLACE_HEIGHT: Final = 480
# Drawn so many times as large, and then made smaller, so that slanting lines are smooth.
FINER: Final = 2
LABELS_MAX: Final = 12

WATER: Final = (214, 226, 234)
LAND: Final = (247, 243, 233)
BORDER: Final = (120, 112, 100)
INK: Final = (40, 38, 34)
WHITE: Final = (255, 255, 255)
# Half the side of a mark that is drawn where its cell would be too small to see.
MARK: Final = 6
_LINE: Final = 1
_CELL_LINE: Final = 2
_GAP: Final = 3
_LETTER: Final = 13
# The font that comes along has Latin letters up to this one, and no others.
_LAST_LETTER: Final = "\u017f"


def font(data: bytes) -> Font:
    """A font for names, from the bytes of its file."""
    return ImageFont.truetype(io.BytesIO(data), _LETTER * FINER, layout_engine=ImageFont.Layout.BASIC)


def country_png(gazetteer: Gazetteer, cells: Sequence[Marked], letters: Font) -> bytes:
    """The whole country with every cell that lies in it, and the names of the largest places."""
    largest = [place for place in gazetteer.places if place.people == PEOPLE[-1]]
    return _png(country_view(gazetteer, width=WIDTH), gazetteer, cells, letters, labels=largest)


def place_png(gazetteer: Gazetteer, cells: Sequence[Marked], letters: Font) -> bytes:
    """What lies around these cells, with the names of the largest places there."""
    rings = [ring for one in cells for ring in one.cell.rings()]
    view = View.around(rings, width=PLACE_WIDTH, height=PLACE_HEIGHT, margin=0.15)
    near = [place for place in gazetteer.places if view.shows(place.longitude, place.latitude)]
    return _png(view, gazetteer, cells, letters, labels=near)


def country_view(gazetteer: Gazetteer, *, width: float) -> View:
    """What shows all regions, or all places where no region has an outline."""
    rings = [ring for region in gazetteer.regions for ring in region.outline]
    return View.around(rings or [_points(gazetteer)], width=width)


def _png(
    view: View, gazetteer: Gazetteer, cells: Sequence[Marked], letters: Font, *, labels: Sequence[Listed]
) -> bytes:
    size = (int(view.width) * FINER, int(view.height) * FINER)
    picture = Image.new("RGB", size, WATER)
    canvas = ImageDraw.Draw(picture)
    for region in gazetteer.regions:
        for ring in region.outline:
            # With an edge, so that no water shows between regions whose coarse outlines do not meet.
            canvas.polygon(_scaled(view.ring(ring)), fill=LAND, outline=LAND, width=_GAP * FINER)
    for region in gazetteer.regions:
        for ring in region.outline:
            canvas.line(_scaled(view.ring(ring)), fill=BORDER, width=_LINE * FINER)
    _draw_names(canvas, view, labels, letters)
    for one in cells:
        _draw_cell(canvas, view, one)
    small = picture.reduce(FINER).quantize(palette=_palette(), dither=Image.Dither.NONE)
    into = io.BytesIO()
    small.save(into, "PNG", optimize=True)
    return into.getvalue()


def _palette() -> Image.Image:
    """All that is drawn, and what comes between a line and the ground beside it when a picture is made smaller."""
    grounds, inks = (LAND, WATER, WHITE), (BORDER, INK, *(look.colour for look in LOOKS.values()))
    beside = [*product(grounds, inks), *combinations(grounds, 2)]
    parts = range(1, FINER * FINER)
    between = [_mixed(one, other, part / (FINER * FINER)) for one, other in beside for part in parts]
    holder = Image.new("P", (1, 1))
    holder.putpalette([value for colour in (*grounds, *inks, *between) for value in colour])
    return holder


def _mixed(one: Colour, other: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _draw_cell(canvas: Canvas, view: View, one: Marked) -> None:
    look = LOOKS[one.mark]
    for ring in one.cell.rings():
        corners = view.ring(ring)
        across = max(x for x, _ in corners) - min(x for x, _ in corners)
        if across > 2 * MARK:
            canvas.line(_scaled(corners), fill=look.colour, width=_CELL_LINE * FINER, joint="curve")
    latitude, longitude = one.cell.middle
    if view.shows(longitude, latitude):
        _draw_mark(canvas, view.point(longitude, latitude), look)


def _draw_mark(canvas: Canvas, middle: tuple[float, float], look: Look) -> None:
    x, y = middle[0] * FINER, middle[1] * FINER
    draw = canvas.rectangle if look.square else canvas.ellipse
    half = MARK / 2 if look.small else MARK
    for side, colour in ((half + 1.5, WHITE), (half, look.colour), (half - 2.5, None if look.full else WHITE)):
        if colour is not None:
            reach = side * FINER
            draw((x - reach, y - reach, x + reach, y + reach), fill=colour)


def _draw_names(canvas: Canvas, view: View, places: Sequence[Listed], letters: Font) -> None:
    """The largest places first, and none over the name of another."""
    taken: list[Box] = []
    for place in sorted(places, key=lambda place: (-place.people, fold(place.name), place.id)):
        x, y = (along * FINER for along in view.point(place.longitude, place.latitude))
        at = (x + (MARK + 3) * FINER, y)
        box = canvas.textbbox(at, place.name, font=letters, anchor="lm", stroke_width=FINER)
        free = box[2] < view.width * FINER and not any(_overlap(box, other) for other in taken)
        if len(taken) == LABELS_MAX or not free or max(place.name) > _LAST_LETTER:
            continue
        taken.append(box)
        dot = 2 * FINER
        canvas.ellipse((x - dot, y - dot, x + dot, y + dot), fill=INK)
        canvas.text(at, place.name, fill=INK, font=letters, anchor="lm", stroke_width=FINER, stroke_fill=WHITE)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scaled(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x * FINER, y * FINER) for x, y in points]


def _points(gazetteer: Gazetteer) -> tuple[tuple[float, float], ...]:
    return tuple((place.longitude, place.latitude) for place in gazetteer.places)
