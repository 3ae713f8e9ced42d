"""An alert and its versions, its cell, and the preview that says what leaves."""

import itertools
from dataclasses import replace

import h3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forwarder.desk.publish.alert import VERSIONS_MAX, WITHDRAWN_WORDS, Alert, State, Words, alert_id, correct, withdraw
from forwarder.desk.publish.drafts import Judged, judged, kept_in_place
from forwarder.desk.publish.errors import NotAnAlert, NotInThisState
from forwarder.desk.publish.place import COARSEST, Cell, Place
from forwarder.desk.publish.preview import preview, refused
from forwarder.desk.publish.safety import Policy, Reason, Refusal
from tests.unit.forwarder.desk.publish.given import CENTRE, NOW, ROUND, WORDS, an_alert, facts, leave

LATER = NOW * ROUND + 10_000
SORRY = {"es": Words("Retirada", "No era cierto.")}


def test_a_correction_and_a_withdrawal_are_the_same_alert_in_a_later_version() -> None:
    first = an_alert()
    second = correct(first, leave(facts(confirmed_by=1)), topic="reten", words=WORDS, now=LATER)
    last = withdraw(second, words=SORRY, now=LATER)
    assert [one.version for one in (first, second, last)] == [1, 2, 3]
    assert [one.state for one in (first, second, last)] == [State.PUBLISHED, State.CORRECTED, State.WITHDRAWN]
    assert {one.id for one in (first, second, last)} == {first.id}
    assert last.issued[:2] == second.issued
    assert last.issued[2] == last.issued[1] + 1, "two versions within an hour are told apart"
    assert last.words == SORRY, "what was withdrawn is not repeated"


def test_a_withdrawal_says_no_longer_where_it_was() -> None:
    first = an_alert()
    gone = withdraw(first, words=WITHDRAWN_WORDS, now=LATER)
    assert gone.cell.resolution == COARSEST
    assert first.cell.is_within(gone.cell)
    assert gone.id == first.id
    shown = preview(gone, None, language="es")
    assert first.cell.index not in "".join(shown.leaves)
    assert any("la celda más grande" in line for line in shown.why)
    assert any("90 días" in line for line in shown.why)
    assert withdraw(replace(first, cell=gone.cell), words=SORRY, now=LATER).cell == gone.cell


def test_a_withdrawal_says_no_longer_how_sure_it_was() -> None:
    first = an_alert(incident=facts(partners=2, confirmed_by=2))
    gone = withdraw(first, words=SORRY, now=LATER)
    for language, word in (("es", "confirmada"), ("en", "confirmed")):
        assert word in "".join(preview(first, leave(facts(partners=2, confirmed_by=2)), language=language).leaves)
        assert word not in "".join(preview(gone, None, language=language).leaves)
    for state, confidence in ((State.PUBLISHED, None), (State.WITHDRAWN, first.confidence)):
        with pytest.raises(NotAnAlert, match="how sure"):
            replace(gone if state is State.WITHDRAWN else first, confidence=confidence)


def test_however_often_an_alert_was_corrected_it_can_be_withdrawn() -> None:
    often = replace(an_alert(), state=State.CORRECTED, issued=tuple(range(VERSIONS_MAX - 1)))
    with pytest.raises(NotInThisState):
        correct(often, leave(), topic="reten", words=WORDS, now=LATER)
    assert withdraw(often, words=SORRY, now=LATER).version == VERSIONS_MAX


def test_an_alert_holds_for_a_month_after_its_last_version() -> None:
    first = an_alert()
    assert first.current_until == first.issued[0] + 30 * 86_400
    again = correct(first, leave(), topic="reten", words=WORDS, now=LATER)
    assert again.current_until > first.current_until


def test_a_withdrawn_alert_stays_withdrawn() -> None:
    gone = withdraw(an_alert(), words=SORRY, now=LATER)
    with pytest.raises(NotInThisState):
        withdraw(gone, words=SORRY, now=LATER)
    with pytest.raises(NotInThisState):
        correct(gone, leave(), topic="reten", words=WORDS, now=LATER)


def test_a_clock_that_went_back_does_not_make_a_correction_older() -> None:
    first = an_alert()
    assert correct(first, leave(), topic="reten", words=WORDS, now=0).issued[-1] == first.issued[0] + 1


def test_an_alert_tells_the_hour_of_its_publication_and_no_finer() -> None:
    assert an_alert().issued[0] % 3_600 == 0


def test_what_a_person_typed_is_cleaned() -> None:
    words = Words.cleaned(title=" Ret\u200bén \n a\u202equi ", text="uno\r\n\x1b[31mdos\x00", advice="")
    assert words.title == "Retén aqui"
    assert all(one == "\n" or one.isprintable() for one in words.text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_words_come_out_plain_or_are_refused(title: str, text: str, advice: str) -> None:
    try:
        words = Words.cleaned(title=title, text=text, advice=advice)
    except NotAnAlert:
        return
    assert all(one == "\n" or one.isprintable() for one in words.title + words.text + words.advice)
    assert "\n" not in words.title


@pytest.mark.parametrize(
    "change",
    [
        {"id": "A" * 32},
        {"topic": "no such Topic"},
        {"when": 1},
        {"when": -21_600},
        {"words": {}},
        {"words": {"fr": Words("a", "b")}},
        {"issued": ()},
        {"issued": (5, 5), "state": State.CORRECTED},
        {"issued": (5, 6)},
        {"issued": (2**60,)},
        {"state": State.WITHDRAWN},
    ],
)
def test_what_is_no_alert_is_refused(change: dict[str, object]) -> None:
    alert = an_alert()
    with pytest.raises(NotAnAlert):
        replace(alert, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad", [("", "b"), ("a", " "), ("a\nb", "b"), ("a" * 121, "b"), ("a", "b" * 4_001), ("a", "b\x1b"), ("a", "\ufffe")]
)
def test_what_are_no_words_are_refused(bad: tuple[str, str]) -> None:
    with pytest.raises(NotAnAlert):
        Words(*bad)


def test_an_id_is_sixteen_random_bytes() -> None:
    assert alert_id(bytes(range(16))) == bytes(range(16)).hex()
    with pytest.raises(NotAnAlert):
        alert_id(b"short")


# --- cells ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", ["", "874995bb0fffff", "874995BB0FFFFFF", "894995bb0cfffff", "8249affffffffff", "x" * 15]
)
def test_what_is_no_cell_or_too_fine_or_too_large_is_refused(bad: str) -> None:
    with pytest.raises(NotAnAlert):
        Cell(bad)


def test_the_default_cell_is_about_five_square_kilometres() -> None:
    assert Policy().resolution == 7
    assert 4 < Cell.around(CENTRE, resolution=7).square_kilometres < 7
    assert 5 < h3.average_hexagon_area(7, "km^2") < 5.5


@settings(max_examples=300, deadline=None)
@given(st.floats(-80, 80), st.one_of(st.floats(-180, 180), st.floats(179, 180)), st.integers(3, 8))
def test_every_ring_is_closed_counter_clockwise_and_on_one_side_of_the_antimeridian(
    latitude: float, longitude: float, resolution: int
) -> None:
    cell = Cell.around(Place("x", latitude, longitude), resolution=resolution)
    rings = cell.rings()
    assert 1 <= len(rings) <= 2
    area = 0.0
    for ring in rings:
        assert ring[0] == ring[-1]
        assert len(ring) >= 4
        assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
        assert max(x for x, _ in ring) - min(x for x, _ in ring) < 20
        turn = sum(x * b - a * y for (x, y), (a, b) in itertools.pairwise(ring))
        assert turn > 0
        area += turn / 2
    whole = [(x + 360 if x < 0 and len(rings) == 2 else x, y) for y, x in h3.cell_to_boundary(cell.index)]
    exact = abs(sum(x * b - a * y for (x, y), (a, b) in zip(whole, [*whole[1:], whole[0]], strict=True))) / 2
    assert area == pytest.approx(exact, rel=1e-2)


# --- the preview ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "waited", "kept"), [("es", "esperó", "públicos"), ("en", "waited", "public")])
@pytest.mark.parametrize("confirmed_by", [0, 1])
def test_a_correction_that_stays_in_its_area_is_not_said_to_have_waited(
    language: str, waited: str, kept: str, confirmed_by: int
) -> None:
    early = facts(confirmed_by=confirmed_by, ago=1)
    waits = judged(early, Policy(), round_seconds=ROUND, now=NOW)
    assert isinstance(waits, Judged)
    alert = an_alert(incident=facts(confirmed_by=confirmed_by))
    stays = kept_in_place(waits, alert)
    assert stays is not None
    why = "\n".join(preview(alert, stays.leave, language=language).why)
    assert waited not in why
    assert kept in why


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_preview_shows_all_that_leaves_and_why(language: str) -> None:
    alert, allowed = an_alert(), leave(override="se sabe ya")
    shown = preview(alert, allowed, language=language)
    leaves = "\n".join(shown.leaves)
    for part in (alert.id, alert.topic, alert.cell.index, "6.0 km²", "T", *WORDS["es"].text.splitlines(), "Roadblock"):
        assert part in leaves
    assert "ciudad-de-mexico" not in leaves
    assert any("se sabe ya" in line for line in shown.why)
    assert any(" 3 " in line for line in shown.why)
    assert len(shown.stays) == 4


def test_a_preview_says_why_nothing_leaves_in_both_languages() -> None:
    for reason in Reason:
        said = {refused(Refusal(reason), language=language) for language in ("es", "en")}
        assert len(said) == 2
    assert refused(Refusal(Reason.TOO_SOON, 5), language="es").endswith("(5 h)")


def test_a_preview_tells_a_confirmed_alert_and_a_larger_cell_apart() -> None:
    confirmed = leave(facts(1, partners=2, confirmed_by=2))
    assert any("confirmed" in line for line in preview(an_alert(), confirmed, language="en").why)
    larger = replace(leave(), cell=Cell.around(CENTRE, resolution=5))
    assert any("larger" in line for line in preview(an_alert(), larger, language="en").why)


def test_an_alert_is_a_value() -> None:
    alert = an_alert()
    assert alert == Alert(
        alert.id, "reten", alert.cell, alert.when, alert.confidence, State.PUBLISHED, alert.issued, WORDS
    )
    assert alert.in_language("en") is WORDS["en"]
    assert replace(alert, words={"en": WORDS["en"]}).in_language("es") is WORDS["en"]
