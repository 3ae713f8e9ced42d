"""Reports about the same thing are found among others, few that are not are proposed, and why is said in words.

The reports are made from a small grammar with a fixed seed, so the figures asserted here are the same in every run.
"""

import random
from itertools import combinations, pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.layers import RoundNumber
from crypto.report import When
from forwarder.desk.corroboration import (
    NEIGHBOURS,
    PER_PAIR,
    RARE_PAIRS,
    THRESHOLD,
    Reason,
    Sighting,
    _candidates,
    bucket,
    likeness,
    proposals,
    read,
    word_weights,
)
from forwarder.desk.folding import telling_words

ROUND_SECONDS: Final = 900
A_BUCKET: Final = 24  # rounds of 900 s in six hours
NOON: Final = 2_000_016

# What several people could say of one event, each in words of their own.
EVENTS: Final = (
    (
        "Se llevaron a un muchacho en una camioneta blanca sin placas frente al mercado Jamaica",
        "Hombres armados subieron a un joven a una camioneta blanca junto al mercado de Jamaica",
        "Vi cómo levantaban a un chavo afuera del mercado Jamaica, la camioneta era blanca y no traía placas",
    ),
    (
        "Hay un incendio en la bodega de llantas de la calle Hidalgo, sale mucho humo negro",
        "Se quema la bodega de llantas en Hidalgo, el humo negro llega hasta la escuela",
        "Humo negro por toda la calle Hidalgo, arde una bodega de llantas",
    ),
    (
        "La policía golpeó a los maestros que marchaban rumbo al palacio de gobierno",
        "Granaderos golpearon a maestros en la marcha frente al palacio de gobierno",
        "En la marcha de maestros la policía lanzó gas y golpeó a varios cerca del palacio",
    ),
)
# Other things that go on: words by Zipf's law, as in any language, the most frequent ones far ahead.
VOCABULARY: Final = tuple(f"palabra{number}" for number in range(1_500))
FREQUENCY: Final = tuple(1 / (rank + 3) for rank in range(len(VOCABULARY)))
# Of 2 000 reports; docs/limits.md says it.
MISLED: Final = 20


def sighting(number: int, text: str, **changed: object) -> Sighting:
    fields: dict[str, object] = {
        "round_number": RoundNumber(NOON),
        "when": When.NOW,
        "topic": "violencia",
        "place": "mx-1",
        "telling": tuple(dict.fromkeys(telling_words(text))),
    }
    return Sighting(number=number, **(fields | changed))  # type: ignore[arg-type]


def everyday(number: int, rng: random.Random, **changed: object) -> Sighting:
    return sighting(number, " ".join(rng.choices(VOCABULARY, FREQUENCY, k=rng.randint(5, 20))), **changed)


def asked(sightings: list[Sighting], apart: set[tuple[int, int]] | None = None) -> list[tuple[int, ...]]:
    return [one.reports for one in proposals(sightings, apart=apart or set(), round_seconds=ROUND_SECONDS)]


def planted(rng: random.Random, *, among: int) -> list[Sighting]:
    """Three events with three reports each, in three cities, among others of thirty days and twenty cities."""
    found = [
        sighting(10 * event + who, text, place=f"mx-{event}", round_number=RoundNumber(NOON + who))
        for event, texts in enumerate(EVENTS, start=1)
        for who, text in enumerate(texts)
    ]
    for number in range(1_000, 1_000 + among):
        came = RoundNumber(NOON - rng.randrange(30 * 96))
        found.append(everyday(number, rng, place=f"mx-{rng.randrange(20)}", round_number=came))
    rng.shuffle(found)
    return found


def test_planted_events_are_found_among_two_thousand_reports() -> None:
    found = asked(planted(random.Random(5), among=2_000))
    for event in (1, 2, 3):
        together = {10 * event, 10 * event + 1, 10 * event + 2}
        assert any(together <= set(reports) for reports in found), event


def test_few_reports_of_a_busy_month_are_proposed_wrongly() -> None:
    """Of 2 000 unrelated reports in 20 cities over a month at most 1 in 100 stands in a proposal."""
    rng = random.Random(11)
    found = asked([one for one in planted(rng, among=2_000) if one.number >= 1_000])
    assert sum(len(reports) for reports in found) <= MISLED


def test_reports_of_one_street_and_hour_with_nothing_in_common_are_not_proposed() -> None:
    texts = ["perro suelto muerde niña", "fuga agua potable", "poste caído bloquea avenida", "disparos azotea vecindad"]
    assert asked([sighting(number, text) for number, text in enumerate(texts, start=1)]) == []


def test_the_reasons_are_said_in_words() -> None:
    first, second, _ = EVENTS[0]
    (one,) = proposals([sighting(1, first), sighting(2, second)], apart=set(), round_seconds=ROUND_SECONDS)
    assert one.reports == (1, 2)
    assert THRESHOLD <= one.score <= 1
    said = one.in_words()
    assert said.startswith("the same place; the same topic; the same six hours; shared words: ")
    assert {"camioneta", "blanca", "mercado", "jamaica"} <= set(one.words)
    assert Reason.ALMOST_THE_SAME_TEXT not in one.reasons


def test_copies_of_one_text_are_said_to_be_copies() -> None:
    text = EVENTS[1][0]
    (one,) = proposals([sighting(n, text) for n in range(1, 11)], apart=set(), round_seconds=ROUND_SECONDS)
    assert one.reports == tuple(range(1, 11))
    assert Reason.ALMOST_THE_SAME_TEXT in one.reasons
    assert "copied" in one.in_words()


@pytest.mark.parametrize(
    ("changed", "proposed"),
    [
        ({}, True),
        ({"place": "mx-2"}, False),
        ({"place": ""}, True),
        ({"topic": ""}, True),
        ({"round_number": RoundNumber(NOON + A_BUCKET)}, True),
        ({"round_number": RoundNumber(NOON + 3 * A_BUCKET)}, False),
        ({"round_number": RoundNumber(NOON + 3 * A_BUCKET), "when": When.TODAY}, True),
        ({"round_number": RoundNumber(NOON + 20 * A_BUCKET), "when": When.THIS_WEEK}, True),
        ({"round_number": RoundNumber(NOON + 20 * A_BUCKET), "when": When.UNSAID}, False),
        ({"round_number": RoundNumber(NOON + 100 * A_BUCKET), "when": When.EARLIER}, True),
        ({"round_number": RoundNumber(NOON - 2 * A_BUCKET)}, False),
    ],
)
def test_place_and_time_must_be_able_to_meet(changed: dict[str, object], proposed: bool) -> None:
    text = EVENTS[1][0]
    assert asked([sighting(1, text), sighting(2, text, **changed)]) == ([(1, 2)] if proposed else [])


def test_a_report_without_a_place_does_not_join_two_places() -> None:
    text = EVENTS[1][0]
    for found in asked([sighting(1, text), sighting(2, text, place="mx-2"), sighting(3, text, place="")]):
        assert not {1, 2} <= set(found)


def test_what_a_person_kept_apart_stays_apart_also_by_way_of_a_third() -> None:
    text = EVENTS[1][0]
    found = asked([sighting(n, text) for n in (1, 2, 3)], apart={(1, 3)})
    assert len(found) == 1
    assert not {1, 3} <= set(found[0])


def test_an_incident_is_proposed_with_what_could_join_it_and_not_by_itself() -> None:
    text = EVENTS[1][0]
    together = [sighting(1, text, incident=4), sighting(2, text, incident=4)]
    assert asked(together) == []
    (one,) = proposals([*together, sighting(3, text)], apart=set(), round_seconds=ROUND_SECONDS)
    assert (one.reports, one.incidents) == ((1, 2, 3), (4,))


def test_the_same_reports_give_the_same_proposals_in_any_order() -> None:
    given_so = planted(random.Random(3), among=300)
    first = proposals(given_so, apart=set(), round_seconds=ROUND_SECONDS)
    assert first == proposals(sorted(given_so, key=hash), apart=set(), round_seconds=ROUND_SECONDS)
    assert [one.score for one in first] == sorted((one.score for one in first), reverse=True)


@pytest.mark.slow
def test_a_flood_costs_in_proportion_to_its_size() -> None:
    """However alike they are: a report meets a bounded number of others."""
    flood = [sighting(number, EVENTS[0][number % 3]) for number in range(1, 3_001)]
    weights = word_weights(flood)
    ready = {one.number: read(one, weights, round_seconds=ROUND_SECONDS) for one in flood}
    met = list(_candidates(ready, weights))
    assert len(met) <= len(flood) * (NEIGHBOURS + RARE_PAIRS * PER_PAIR)
    assert met != []


SAID: Final = ("fuego", "humo", "bodega", "llantas", "hidalgo", "perro", "agua", "calle")
words = st.lists(st.sampled_from(SAID), max_size=6, unique=True)
placed = st.tuples(words, st.sampled_from(["", "a", "b"]), st.integers(0, 200), st.sampled_from(When))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(words, st.sampled_from(["", "a", "b"]), st.integers(0, 200), st.sampled_from(When)), max_size=25
    ),
    st.sets(st.tuples(st.integers(1, 25), st.integers(1, 25)), max_size=10),
)
def test_any_reports_give_whole_proposals(
    told: list[tuple[list[str], str, int, When]], pairs: set[tuple[int, int]]
) -> None:
    apart = {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
    sightings = [
        sighting(number, " ".join(said), place=place, round_number=RoundNumber(came), when=when)
        for number, (said, place, came, when) in enumerate(told, start=1)
    ]
    found = proposals(sightings, apart=apart, round_seconds=ROUND_SECONDS)
    seen = [report for one in found for report in one.reports]
    assert len(seen) == len(set(seen))
    for one in found:
        assert len(one.reports) > 1
        assert one.score >= THRESHOLD
        assert apart.isdisjoint(combinations(one.reports, 2))
        assert len({sightings[report - 1].place for report in one.reports} - {""}) <= 1


@given(words, words, st.integers(0, 100))
def test_likeness_is_the_same_both_ways_and_never_over_one(some: list[str], others: list[str], later: int) -> None:
    pair = [sighting(1, " ".join(some)), sighting(2, " ".join(others), round_number=RoundNumber(NOON + later))]
    weights = word_weights(pair)
    one, other = (read(each, weights, round_seconds=ROUND_SECONDS) for each in pair)
    assert likeness(one, other, weights) == likeness(other, one, weights)
    assert 0 <= likeness(one, other, weights) <= 1


def test_a_bucket_is_six_hours() -> None:
    edges = [number for number in range(NOON, NOON + 97) if bucket(RoundNumber(number), round_seconds=900) % 1 == 0]
    buckets = [bucket(RoundNumber(number), round_seconds=900) for number in edges]
    assert sum(before != after for before, after in pairwise(buckets)) == 4
