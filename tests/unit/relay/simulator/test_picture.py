"""The picture is a PNG with something on it, the same bytes for the same answers; the relay draws nothing."""

import io
import subprocess
import sys
from functools import cache
from random import Random

import pytest
from PIL import Image

from relay.simulator import picture
from relay.simulator.errors import NoPicture
from relay.simulator.simulating import Answer, Question, simulate
from relay.simulator.traffic import Traffic

pytestmark = pytest.mark.slow


@cache
def answered(seed: int = 1, reports: float = 20) -> Answer:
    return simulate(Question(Traffic(reports=reports), days=2), chance=Random(seed))


@cache
def drawn(seed: int = 1, *names: str) -> bytes:
    return picture.draw({name: answered(seed + at) for at, name in enumerate(names or ("",))}, caption="two days")


@pytest.mark.parametrize("names", [(), ("round 300", "round 900", "cover 7")])
def test_it_is_a_png_of_its_size_with_four_panels_on_it(names: tuple[str, ...]) -> None:
    with Image.open(io.BytesIO(drawn(1, *names))) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (picture.WIDTH, picture.HEIGHT))
        plain = image.convert("RGB")
    half_across, half_down = picture.WIDTH // 2, picture.HEIGHT // 2
    for left in (0, half_across):
        for top in (0, half_down):
            colours = plain.crop((left, top, left + half_across, top + half_down)).getcolors(1 << 20)
            assert colours is not None
            coloured = sum(count for count, pixel in colours if isinstance(pixel, tuple) and len(set(pixel)) > 1)
            assert coloured > 200, "a line or a bar in a colour of its own"


def test_it_is_the_same_bytes_for_the_same_answers_and_says_nothing_of_its_making() -> None:
    again = picture.draw({"": simulate(Question(days=2), chance=Random(1))}, caption="two days")
    assert again == drawn(1)
    assert drawn(2) != drawn(1)
    with Image.open(io.BytesIO(again)) as image:
        image.load()
        assert set(image.info) <= {"dpi"}


def test_what_somebody_set_for_their_own_pictures_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30.0)
    assert picture.draw({"": answered(1)}, caption="two days") == drawn(1)
    assert matplotlib.rcParams["font.size"] == 30.0


def test_days_without_a_report_are_drawn_too() -> None:
    assert picture.draw({"": answered(1, 0)}, caption="nobody").startswith(b"\x89PNG")


def test_without_the_library_there_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NoPicture, match="not installed"):
        picture.draw({"": answered(1)}, caption="")


def test_nothing_but_a_picture_loads_the_library() -> None:
    asks = "import relay.node, relay.supervisor, relay.cli.app, relay.simulator.picture, relay.cli.simulate, sys"
    for after, loaded in (("", False), ("; import matplotlib", True)):
        shows = f"{asks}{after}; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", shows], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == f"{loaded} {loaded}\n"
