"""Whether what lies somewhere lies in the order in which it came (promise T3).

Each order that is looked at has its own band at alpha.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from relay.examiner.chance import tau, tau_band
from relay.examiner.findings import Report
from relay.examiner.scan import Located


@dataclass(frozen=True, slots=True)
class Order:
    """The places of things by their arrival: `places[arrival]` is an address, an inode number or a rank of a name."""

    kind: str
    where: str
    places: Mapping[int, float]


def judge(report: Report, orders: Iterable[Order]) -> None:
    """Compare each order with chance. Of fewer than eight even a perfect order is none."""
    for order in orders:
        n = len(order.places)
        band = tau_band(n)
        if band is None:
            if n > 1:
                report.could_not(["T3"], f"{n} of {order.where} are too few to tell an order", asked=False)
            continue
        report.looked("T3")
        found = tau([order.places[arrival] for arrival in sorted(order.places)])
        report.figures.setdefault("T3", {}).update(
            {f"tau of {order.where}": round(found, 4), f"band of {order.where}": round(band, 4)}
        )
        if abs(found) > band:
            report.found("T3", order.kind, order.where, n)


def orders_of(located: Iterable[Located], inodes: Mapping[str, int]) -> list[Order]:
    """The orders in which found things lie: by address within a group, by name and by inode across files.

    Where a thing lies more than once, its first place and its last are two orders.
    """
    groups: dict[tuple[str, str], dict[int, list[float]]] = {}
    files: dict[str, dict[int, str]] = {}
    for one in located:
        if one.number < 0:
            continue
        groups.setdefault((one.group or one.source, one.kind), {}).setdefault(one.number, []).append(one.address)
        if one.source in inodes:
            files.setdefault(one.kind, {}).setdefault(one.number, one.source)
    found = []
    for (where, kind), places in groups.items():
        what = f"{kind}, by address in {where}"
        first = {number: min(addresses) for number, addresses in places.items()}
        last = {number: max(addresses) for number, addresses in places.items()}
        found.append(Order("addresses in the order of arrival", what, first))
        if last != first:
            found.append(Order("addresses in the order of arrival", f"{what}, last copy", last))
    for kind, names in files.items():
        if len(set(names.values())) < len(names):
            continue
        ranks = {name: float(rank) for rank, name in enumerate(sorted(names.values()))}
        by_name = {number: ranks[name] for number, name in names.items()}
        by_inode = {number: float(inodes[name]) for number, name in names.items()}
        found.append(Order("names in the order of arrival", f"{kind}, by name", by_name))
        found.append(Order("inodes in the order of arrival", f"{kind}, by inode", by_inode))
    return found
