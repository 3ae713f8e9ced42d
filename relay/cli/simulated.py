"""What `veladora simulate` says: a table for people, and the same as JSON for programs."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from relay.simulator.anonymity import View
    from relay.simulator.simulating import Answer, Hidden

_NAMES: Final = 48
_COLUMN: Final = 13
_MB: Final = 1_000_000
_PERCENTILE_NEEDS: Final = 1_000


def described(answer: "Answer", *, compared: str = "") -> str:
    """The traffic in words, for the head of the table and of the picture; what is `compared` differs by column."""
    traffic, days = answer.question.traffic, answer.question.days
    when = "most in the evening" if traffic.evening else "as many at every hour"
    many = {"reports": f"{traffic.reports:g}", "pages": f"{traffic.pages:g}", "cover": f"{traffic.cover}"}
    if compared in many:
        many[compared] = "so many"
    parts = [f"{many['reports']} reports and {many['pages']} visits without one a day, {when}"]
    for burst in traffic.bursts:
        hour, minute = divmod(burst.second // 60, 60)
        parts.append(f"{burst.count} more reports every day from {hour:02}:{minute:02} on")
    parts += [f"{len(traffic.replay)} moments replayed"] if traffic.replay else []
    parts += [f"{many['cover']} cover senders", f"{100 * traffic.loss:g} % of cells lost"]
    return f"{'; '.join(parts)}; {days} days"


def head(answers: "Mapping[str, Answer]") -> str:
    """The traffic that all columns share."""
    name, first = next(iter(answers.items()))
    return described(first, compared=name.partition(" ")[0])


def lines(answers: "Mapping[str, Answer]") -> list[str]:
    """A row for each figure, a column for each answer."""
    first = next(iter(answers.values()))
    said = [head(answers), "in each round one report more, whose writer is looked for", ""]
    if len(answers) > 1:
        said.append(" " * _NAMES + "".join(name.rjust(_COLUMN) for name in answers))
    for view in first.hidden:
        said.append(view.value)
        said += [_row(f"  {name}", answers, _against(view, tell)) for name, tell in _HIDDEN.items()]
    for name, tell in _FIGURES.items():
        said.append(name if tell is None else _row(name, answers, tell))
    return said


def as_json(answers: "Mapping[str, Answer]", *, seed: int) -> str:
    """Every figure under its name; `bits` are min-entropies, latencies are minutes, bandwidth is in bytes."""
    return json.dumps({"seed": seed, "answers": [_plainly(name, one) for name, one in answers.items()]}, indent=2)


def remarks(answers: "Mapping[str, Answer]") -> list[str]:
    """What must be known to read the figures rightly."""
    from relay.simulator.anonymity import View

    said = []
    for name, one in answers.items():
        where = f"{name}: " if name else ""
        watcher = one.hidden[View.WATCHER]
        if watcher.low <= 0:
            said.append(
                f"{where}in the worst rounds a writer has no company at all. More cover senders, elsewhere and at all "
                "hours, or longer rounds help; larger bundles do not."
            )
        if len(watcher.bits) < _PERCENTILE_NEEDS:
            said.append(f"{where}of {len(watcher.bits)} rounds the 0.1th percentile is the worst; simulate more days")
        if one.most_held > one.question.shape.places:
            said.append(
                f"{where}the relay has places for {one.question.shape.places} letters; it would have answered 503, and "
                "some would have come later than is shown"
            )
        if one.passed.waiting:
            said.append(f"{where}{one.passed.waiting} letters still waited at the end and are in no latency")
    return said


def _against(view: "View", tell: "Callable[[Hidden], str]") -> "Callable[[Answer], str]":
    return lambda one: tell(one.hidden[view])


def _row(name: str, answers: "Mapping[str, Answer]", tell: "Callable[[Answer], str]") -> str:
    return name.ljust(_NAMES) + "".join(tell(one).rjust(_COLUMN) for one in answers.values())


_HIDDEN: "Final[dict[str, Callable[[Hidden], str]]]" = {
    "bits of min-entropy, 0.1th percentile round": lambda hidden: f"{hidden.low:.2f}",
    "that is, one of so many": lambda hidden: f"{2**hidden.low:.1f}",
    "bits of min-entropy, median": lambda hidden: f"{hidden.median:.2f}",
    "rounds in which the writer is certain": lambda hidden: _share(hidden.alone),
}
_FIGURES: "Final[dict[str, Callable[[Answer], str] | None]]" = {
    "from the page to the bundle": None,
    "  minutes, median": lambda one: _minutes(one.latency_median),
    "  minutes, 99.9th percentile": lambda one: _minutes(one.latency_high),
    "  letters that waited for another bundle": lambda one: _share(one.carried_over),
    "  rounds with more letters than leave": lambda one: _share(one.overfull),
    "  most letters in memory at an edge": lambda one: f"{one.most_held}",
    "bandwidth, MB, without HTTP's and Tor's own": None,
    "  to each partner, a day": lambda one: _mb(one.bandwidth.partner_day),
    "  an open page, to open it": lambda one: _mb(one.bandwidth.page_open),
    "  an open page, an hour": lambda one: _mb(one.bandwidth.page_hour),
    "  the relay sends, a day": lambda one: _mb(one.bandwidth.relay_out_day),
    "  the relay gets, a day": lambda one: _mb(one.bandwidth.relay_in_day),
}


def _plainly(name: str, one: "Answer") -> dict[str, Any]:
    shape, cost = one.question.shape, one.bandwidth
    return {
        "name": name,
        "traffic": described(one),
        "days": one.question.days,
        "round_seconds": shape.period,
        "letters": shape.sizes.letters,
        "parcels": shape.sizes.parcels,
        "cover": one.question.traffic.cover,
        "anonymity": {
            view.name.lower(): {
                "against": view.value,
                "rounds": len(hidden.bits),
                "bits_low": hidden.low,
                "bits_median": hidden.median,
                "certain": hidden.alone,
            }
            for view, hidden in one.hidden.items()
        },
        "latency_minutes": {"median": one.latency_median, "high": one.latency_high, "reports": len(one.latencies)},
        "carried_over": one.carried_over,
        "overfull": one.overfull,
        "most_held": one.most_held,
        "still_waiting": one.passed.waiting,
        "bandwidth_bytes": {
            "partner_day": cost.partner_day,
            "page_open": cost.page_open,
            "page_hour": cost.page_hour,
            "relay_out_day": cost.relay_out_day,
            "relay_in_day": cost.relay_in_day,
        },
    }


def _share(share: float) -> str:
    return f"{100 * share:.2f} %"


def _minutes(value: float | None) -> str:
    return "no report" if value is None else f"{value:.1f}"


def _mb(value: float) -> str:
    return f"{value / _MB:,.1f}".replace(",", " ")
