"""Publishing: nothing that leaves a desk is finer than its cell, six hours, and k reports.

10 000 random sets of incidents, from a seeded generator, and mutants of the rule that the same proof catches. What the
feeds say is read back from their bytes, and reports moved inside their cells and buckets give the same bytes.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Final

import h3
import pytest

from crypto.layers import RoundNumber
from forwarder.desk.publish import alert as alerts
from forwarder.desk.publish import moments, safety
from forwarder.desk.publish.alert import Alert, Words, alert_id, publish
from forwarder.desk.publish.feeds import feeds
from forwarder.desk.publish.place import FINEST, Place
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.safety import Facts, Leave, Policy, Refusal, Seen, safe_to_publish
from tests.privacy.mutants import caught

SETS: Final = 10_000
ROUND: Final = 900
PER_BUCKET: Final = 24
PUBLISHER: Final = Publisher("red-norte", "Red Norte")
WORDS: Final = {"es": Words("Retén", "Retén en la carretera."), "en": Words("Roadblock", "A roadblock.")}
Rule = Callable[[Facts, Policy, RoundNumber, str], Leave | Refusal]


def honest(facts: Facts, policy: Policy, now: RoundNumber, override: str) -> Leave | Refusal:
    return safe_to_publish(facts, policy, round_seconds=ROUND, now=now, override=override)


def a_policy(rng: Random) -> Policy:
    resolution = rng.choice((6, 7, 7, 7, 8))
    return Policy(resolution=resolution, coarsest=rng.randint(3, resolution), k=rng.randint(2, 6), wait_hours=6)


def an_incident(rng: Random, now: int) -> Facts:
    """Reports in and around one place: some far off, some without a place, most of them few."""
    spread = rng.choice((0.0, 0.005, 0.05, 0.5))
    latitude, longitude = rng.uniform(-60, 60), rng.uniform(-180, 180)

    def near() -> Place:
        along = (longitude + rng.gauss(0, spread) + 180) % 360 - 180
        return Place(f"place-{rng.randrange(10**6)}", latitude + rng.gauss(0, spread), along)

    partners = rng.choice((1, 1, 2, 4))
    # Most counts are around k, where a rule that is off by one shows.
    count = rng.choice((0, 1, 2, 3, 3, 4, 5, 6, 12))
    return Facts(
        reports=tuple(
            Seen(RoundNumber(now - rng.randint(1, 200)), near() if rng.random() < 0.9 else None) for _ in range(count)
        ),
        place=near(),
        partners=partners,
        confirmed_by=rng.choice((0, 0, 0, rng.randint(0, partners))),
        false=rng.random() < 0.05,
    )


def first_of_its_bucket(round_number: int) -> int:
    return round_number - round_number % PER_BUCKET


def moved(facts: Facts, policy: Policy, *, to: Callable[[int], int] = first_of_its_bucket) -> Facts:
    """The same incident as far as anything may leave: every place in the middle of its cell, under another name, and
    every report in another round of its bucket of six hours."""

    def middle(place: Place) -> Place:
        cell = h3.cell_to_parent(h3.latlng_to_cell(place.latitude, place.longitude, FINEST), policy.resolution)
        return Place("elsewhere", *h3.cell_to_latlng(h3.cell_to_center_child(cell, FINEST)))

    return replace(
        facts,
        place=middle(facts.place),
        reports=tuple(
            Seen(RoundNumber(to(seen.round_number)), seen.place and middle(seen.place)) for seen in facts.reports
        ),
    )


def published(facts: Facts, policy: Policy, rule: Rule, now: int, override: str) -> Alert | None:
    leave = rule(facts, policy, RoundNumber(now), override)
    if isinstance(leave, Refusal):
        return None
    # Some odd second of the round, so that an alert that told it would be seen.
    return publish(leave, id=alert_id(bytes(16)), topic="reten", words=WORDS, now=now * ROUND + 421)


def sets(rng: Random, count: int) -> Iterator[tuple[Policy, list[Facts], int]]:
    for _ in range(count):
        now = 2_000_000 + rng.randrange(10_000)
        yield a_policy(rng), [an_incident(rng, now) for _ in range(rng.randint(1, 3))], now


def in_cell(facts: Facts, cell: str) -> int:
    """How many reports lie in a published cell, counted without the code under test."""
    resolution = h3.get_resolution(cell)
    places = [seen.place for seen in facts.reports if seen.place]
    return sum(
        h3.cell_to_parent(h3.latlng_to_cell(place.latitude, place.longitude, FINEST), resolution) == cell
        for place in places
    )


def seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


def nothing_is_finer(rule: Rule, *, count: int, seed: int = 7) -> int:
    """The proof; how many alerts were published in it."""
    seen, rng = 0, Random(seed + 1)
    for policy, incidents, now in sets(Random(seed), count):
        for facts in incidents:
            alert = published(facts, policy, rule, now, "")
            if alert is None:
                continue
            seen += 1
            files = feeds([alert], PUBLISHER)
            [feature] = json.loads(files["alerts.geojson"])["features"]
            said = feature["properties"]
            assert h3.get_resolution(said["cell"]) <= policy.resolution, "finer than the cell"
            assert seconds(said["reported_from"]) % 21_600 == 0, "finer than the bucket"
            assert seconds(said["reported_to"]) - seconds(said["reported_from"]) == 21_600, "finer than the bucket"
            assert seconds(said["published"]) % 3_600 == 0, "tells when somebody was at the desk"
            if said["confidence"] == "unconfirmed":
                assert in_cell(facts, said["cell"]) >= policy.k, "fewer than k reports in the area"
            assert not facts.false
            again = published(moved(facts, policy), policy, rule, now, "")
            assert again is None or feeds([again], PUBLISHER) == files, "tells more than cell and bucket"
            assert again is not None, "whether there is an alert tells more than cell and bucket"
            assert after_all_waits(facts, policy, rule, now, rng), "whether there is one tells more once waits are over"
    return seen


def after_all_waits(facts: Facts, policy: Policy, rule: Rule, now: int, rng: Random) -> bool:
    """Whether reports moved to any round of their buckets, later ones too, give the same once every wait is over.
    Before that a person who does not wait for the six hours tells more (docs/limits.md)."""
    then = now + PER_BUCKET + policy.wait_hours * 3_600 // ROUND
    elsewhere = moved(facts, policy, to=lambda one: first_of_its_bucket(one) + rng.randrange(PER_BUCKET))
    one, other = (published(those, policy, rule, then, "") for those in (facts, elsewhere))
    return one is not None and one == other


def each_of_few_reports_is_needed(rule: Rule, *, count: int, seed: int = 11) -> int:
    """The proof of the other half; how many alerts it took apart. A person's word not to wait changes nothing."""
    taken_apart = 0
    for policy, incidents, now in sets(Random(seed), count):
        for facts in incidents:
            if facts.confirmed_by or len(facts.reports) > policy.k:
                continue
            if published(facts, policy, rule, now, "people are in danger") is None:
                continue
            taken_apart += 1
            for place in range(len(facts.reports)):
                fewer = replace(facts, reports=facts.reports[:place] + facts.reports[place + 1 :])
                assert published(fewer, policy, rule, now, "people are in danger") is None, "an alert outlives a report"
    return taken_apart


@pytest.mark.slow
def test_nothing_published_is_finer_than_cell_bucket_and_k() -> None:
    assert nothing_is_finer(honest, count=SETS) > SETS / 10


@pytest.mark.slow
def test_without_any_one_of_k_unconfirmed_reports_there_is_no_alert() -> None:
    assert each_of_few_reports_is_needed(honest, count=SETS) > SETS / 100


def one_less(facts: Facts, policy: Policy, now: RoundNumber, override: str) -> Leave | Refusal:
    return honest(facts, replace(policy, k=max(2, policy.k - 1)), now, override)


def one_finer(facts: Facts, policy: Policy, now: RoundNumber, override: str) -> Leave | Refusal:
    return honest(facts, replace(policy, resolution=min(FINEST, policy.resolution + 1)), now, override)


def anywhere(facts: Facts, policy: Policy, now: RoundNumber, override: str) -> Leave | Refusal:
    """Counts reports wherever they are."""
    there = tuple(replace(seen, place=facts.place) for seen in facts.reports)
    return honest(replace(facts, reports=there), policy, now, override)


def overridden(facts: Facts, policy: Policy, now: RoundNumber, override: str) -> Leave | Refusal:
    """A reason replaces the reports that are missing."""
    return honest(replace(facts, confirmed_by=1) if override else facts, policy, now, override)


def a_later_round_does_not_count(facts: Facts, policy: Policy, now: RoundNumber, override: str) -> Leave | Refusal:
    """Leaves reports out by where in their six hours they came."""
    early = tuple(seen for seen in facts.reports if seen.round_number % PER_BUCKET < PER_BUCKET - 1)
    return honest(replace(facts, reports=early), policy, now, override)


@pytest.mark.parametrize("mutant", [one_less, one_finer, anywhere, a_later_round_does_not_count])
def test_a_rule_that_lets_finer_things_leave_is_caught(mutant: Rule) -> None:
    caught("publishing", mutant.__name__, nothing_is_finer, mutant, count=1_000)


@pytest.mark.parametrize("mutant", [one_less, overridden])
def test_a_rule_that_needs_fewer_reports_is_caught(mutant: Rule) -> None:
    caught("publishing", mutant.__name__, each_of_few_reports_is_needed, mutant, count=1_000)


def test_an_hour_in_the_place_of_six_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (safety, alerts, moments):
        monkeypatch.setattr(module, "BUCKET_SECONDS", 3_600)
    caught("publishing", "buckets of an hour", nothing_is_finer, honest, count=300)


def test_the_second_of_publication_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "ISSUE_SECONDS", 1)
    caught("publishing", "the second of publication", nothing_is_finer, honest, count=300)
