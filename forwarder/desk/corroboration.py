"""Which reports may be about the same thing: proposals with a score and reasons, for a person to decide on.

The same reports give the same proposals, in the same order. Reports of two different places, or of times that cannot
meet, are never proposed together, and neither are two that a person has kept apart. Each report is compared with a
bounded number of others, so a flood costs in proportion to its size. Texts that are almost equal are proposed and said
to be so: ten copies of one text are no ten witnesses.

Pure: no clock, disk or chance.
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

from crypto.layers import RoundNumber
from crypto.report import When

BUCKET_SECONDS: Final = 6 * 3_600
THRESHOLD: Final = 0.7
# How much each likeness weighs; words count in full from `WORDS_FULL` on. With place, topic and time alike, a bit over
# a quarter of what two reports say must be shared; with neither place nor topic said, 60 %.
PLACE_WEIGHT: Final = 0.20
TOPIC_WEIGHT: Final = 0.10
TIME_WEIGHT: Final = 0.15
WORDS_WEIGHT: Final = 0.55
WORDS_FULL: Final = 0.6
ALMOST_EQUAL: Final = 0.85
# With how many others of its place and topic, and of each of its rare word pairs, a report is compared at most.
NEIGHBOURS: Final = 16
RARE_PAIRS: Final = 4
PER_PAIR: Final = 4
GROUP_MAX: Final = 200
SHOWN_WORDS: Final = 8

# How long before its round's bucket a report's own words put what happened, in buckets, at most.
_REACH: Final = {When.NOW: 0, When.TODAY: 4, When.THIS_WEEK: 28, When.UNSAID: 4, When.EARLIER: 120}


class Reason(Enum):
    """Why two reports look alike."""

    SAME_PLACE = "the same place"
    SAME_TOPIC = "the same topic"
    SAME_TIME = "the same six hours"
    TIME_CAN_MEET = "times that can meet"
    SHARED_WORDS = "shared words"
    ALMOST_THE_SAME_TEXT = "almost the same text: it may be one person twice, or copied"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What of a report is compared: `telling` are its folded words without stop words, each once, in order."""

    number: int
    round_number: RoundNumber
    when: When
    topic: str
    place: str
    telling: tuple[str, ...]
    incident: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Reports that may be one incident; `score` is that of their weakest link that was needed, 0 to 1.

    `incidents`: those that some of the reports belong to already.
    """

    reports: tuple[int, ...]
    incidents: tuple[int, ...]
    score: float
    reasons: tuple[Reason, ...]
    words: tuple[str, ...]

    def in_words(self) -> str:
        """The reasons as a person reads them."""
        said = [reason.value for reason in self.reasons if reason is not Reason.SHARED_WORDS]
        if self.words:
            said.append(f"{Reason.SHARED_WORDS.value}: {', '.join(self.words)}")
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class Read:
    """A sighting made ready: its buckets, its words, and their weight together."""

    sighting: Sighting
    first: int
    last: int
    words: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True)
class _Link:
    """Two reports that are alike enough to ask about."""

    score: float
    first: int
    second: int


def bucket(round_number: RoundNumber, *, round_seconds: int) -> int:
    """The six hours that a round begins in, counted since 1970."""
    return round_number * round_seconds // BUCKET_SECONDS


def proposals(
    sightings: Collection[Sighting], *, apart: Collection[tuple[int, int]], round_seconds: int
) -> list[Proposal]:
    """What to ask a person about, best first. `apart` are the pairs (smaller number first) that a person has kept
    apart."""
    weights = word_weights(sightings)
    ready = {one.number: read(one, weights, round_seconds=round_seconds) for one in sightings}
    links = []
    for first, second in sorted(set(_candidates(ready, weights))):
        score = likeness(ready[first], ready[second], weights)
        if score >= THRESHOLD and (first, second) not in apart:
            links.append(_Link(score, first, second))
    links.sort(key=lambda link: (-link.score, link.first, link.second))
    return _grouped(links, ready, weights, apart)


def likeness(one: Read, other: Read, weights: Mapping[str, float]) -> float:
    """How alike two reports are; 0 when they cannot be about the same thing, or share no word that tells."""
    here, there = one.sighting, other.sighting
    if one.first > other.last or other.first > one.last:
        return 0.0
    if here.place and there.place and here.place != there.place:
        return 0.0
    alike = _alike(one, other, weights)
    if not alike:
        # Without words in common it is a busy street, not one event.
        return 0.0
    score = WORDS_WEIGHT * min(1.0, alike / WORDS_FULL)
    score += PLACE_WEIGHT * bool(here.place and there.place)
    score += TOPIC_WEIGHT * bool(here.topic and here.topic == there.topic)
    score += TIME_WEIGHT if abs(one.last - other.last) <= 1 else TIME_WEIGHT / 2
    return round(score, 4)


def reasons(one: Read, other: Read, weights: Mapping[str, float]) -> Iterator[Reason]:
    """Why two reports are alike."""
    here, there = one.sighting, other.sighting
    if here.place and here.place == there.place:
        yield Reason.SAME_PLACE
    if here.topic and here.topic == there.topic:
        yield Reason.SAME_TOPIC
    yield Reason.SAME_TIME if one.last == other.last else Reason.TIME_CAN_MEET
    yield Reason.SHARED_WORDS
    if _alike(one, other, weights) >= ALMOST_EQUAL:
        yield Reason.ALMOST_THE_SAME_TEXT


def read(sighting: Sighting, weights: Mapping[str, float], *, round_seconds: int) -> Read:
    """A sighting made ready to be compared."""
    last = bucket(sighting.round_number, round_seconds=round_seconds)
    telling = frozenset(sighting.telling)
    # A report may have waited, and a round may lie on the edge of two buckets: one bucket of grace.
    return Read(sighting, last - _REACH[sighting.when] - 1, last, telling, math.fsum(weights[word] for word in telling))


def word_weights(sightings: Iterable[Sighting]) -> dict[str, float]:
    """A word weighs the more the fewer reports have it."""
    counts: Counter[str] = Counter()
    total = 0
    for one in sightings:
        counts.update(set(one.telling))
        total += 1
    return {word: math.log(1 + (total + 1) / (count + 0.5)) for word, count in counts.items()}


def _alike(one: Read, other: Read, weights: Mapping[str, float]) -> float:
    """Twice the weight of the shared words by the weight of all (Dice, 1945): 1 for equal texts."""
    shared = one.words & other.words
    # fsum rounds once, so the order of a set does not show.
    return 2 * math.fsum(weights[word] for word in shared) / (one.weight + other.weight) if shared else 0.0


def _candidates(ready: Mapping[int, Read], weights: Mapping[str, float]) -> Iterator[tuple[int, int]]:
    """Pairs worth a look: neighbours in time of the same place and topic, and those that share rare word pairs."""
    in_time = sorted(ready.values(), key=lambda one: (one.last, one.sighting.number))
    heard = Counter(pair for one in in_time for pair in set(pairwise(one.sighting.telling)))
    streets: dict[tuple[str, str], deque[int]] = defaultdict(lambda: deque(maxlen=NEIGHBOURS))
    spoken: dict[tuple[str, str], deque[int]] = defaultdict(lambda: deque(maxlen=PER_PAIR))
    for one in in_time:
        sighting = one.sighting
        lists: list[deque[int]] = [spoken[pair] for pair in _rare_pairs(sighting.telling, heard, weights)]
        if sighting.place:
            lists.append(streets[sighting.place, sighting.topic])
        for others in lists:
            for other in others:
                yield min(other, sighting.number), max(other, sighting.number)
            others.append(sighting.number)


def _rare_pairs(
    telling: Sequence[str], heard: Mapping[tuple[str, str], int], weights: Mapping[str, float]
) -> list[tuple[str, str]]:
    """The rarest pairs of words that follow each other in this report and in another one too."""
    pairs = {pair for pair in pairwise(telling) if heard[pair] > 1}
    return sorted(pairs, key=lambda pair: (-weights[pair[0]] - weights[pair[1]], pair))[:RARE_PAIRS]


def _grouped(
    links: Sequence[_Link],
    ready: Mapping[int, Read],
    weights: Mapping[str, float],
    apart: Collection[tuple[int, int]],
) -> list[Proposal]:
    """The groups that the links make, strongest first, without ever joining what is kept apart."""
    kept_apart: dict[int, set[int]] = defaultdict(set)
    for first, second in apart:
        kept_apart[first].add(second)
        kept_apart[second].add(first)
    group_of, members = _incidents(ready)
    used: dict[int, list[_Link]] = defaultdict(list)
    for link in links:
        into, gone = sorted((group_of[link.first], group_of[link.second]))
        if into == gone or not _may_join(members[into], members[gone], kept_apart, ready):
            continue
        for number in members[gone]:
            group_of[number] = into
        members[into] |= members.pop(gone)
        used[into] += [*used.pop(gone, []), link]
    return sorted(
        (_proposal(members[group], joined, ready, weights) for group, joined in used.items()),
        key=lambda one: (-one.score, one.reports),
    )


def _incidents(ready: Mapping[int, Read]) -> tuple[dict[int, int], dict[int, set[int]]]:
    """Every report is a group of its own; those of one incident are one group from the beginning."""
    group_of: dict[int, int] = {}
    of_incident: dict[int, int] = {}
    members: dict[int, set[int]] = defaultdict(set)
    for number in sorted(ready):
        incident = ready[number].sighting.incident
        group = number if incident is None else of_incident.setdefault(incident, number)
        group_of[number] = group
        members[group].add(number)
    return group_of, members


def _may_join(some: set[int], others: set[int], kept_apart: Mapping[int, set[int]], ready: Mapping[int, Read]) -> bool:
    if len(some) + len(others) > GROUP_MAX:
        return False
    if any(not kept_apart[number].isdisjoint(others) for number in some if number in kept_apart):
        return False
    # A report without a place must not become the bridge between two places.
    places = {ready[number].sighting.place for number in some | others} - {""}
    return len(places) <= 1


def _proposal(
    reports: set[int], links: Sequence[_Link], ready: Mapping[int, Read], weights: Mapping[str, float]
) -> Proposal:
    pairs = [(ready[link.first], ready[link.second]) for link in links]
    said = {reason for one, other in pairs for reason in reasons(one, other, weights)}
    shared = Counter(word for one, other in pairs for word in one.words & other.words)
    telling = sorted(shared, key=lambda word: (-shared[word] * weights[word], word))[:SHOWN_WORDS]
    incidents = {ready[number].sighting.incident for number in reports}
    return Proposal(
        reports=tuple(sorted(reports)),
        incidents=tuple(sorted(one for one in incidents if one is not None)),
        score=min(link.score for link in links),
        reasons=tuple(reason for reason in Reason if reason in said),
        words=tuple(telling),
    )
