"""Rounds: fixed slices of UTC, the only clock there is (docs/spec/glossary.md).

Round n covers the seconds from n·period up to (n+1)·period; the second of these is its edge.
"""

from dataclasses import dataclass

from crypto.layers import RoundNumber


@dataclass(frozen=True, slots=True)
class Rounds:
    """What time means here. `period`: seconds. `parcel_every`: parcels leave at every so-many-th edge."""

    period: int
    parcel_every: int

    def at(self, now: float) -> RoundNumber:
        """The round that `now` (seconds since 1970) falls in."""
        return RoundNumber(int(now // self.period))

    def edge(self, number: RoundNumber) -> int:
        """When round `number` closes, in seconds since 1970."""
        return (number + 1) * self.period

    def parcels_leave(self, number: RoundNumber) -> bool:
        """Whether parcels leave at the edge of this round."""
        return number % self.parcel_every == self.parcel_every - 1
