"""The answers as one picture, a PNG; the same answers give the same bytes (docs/simulate.md, "The picture").

matplotlib is loaded here, when a picture is asked for, and nowhere else: the relay never loads it.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from relay.simulator.anonymity import LOW, MEDIAN, View, quantile
from relay.simulator.errors import NoPicture
from relay.simulator.simulating import Answer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH: Final = 1_400
HEIGHT: Final = 1_000
_DPI: Final = 100
_MB: Final = 1_000_000
_LEAST: Final = 1e-4
_SHORT: Final = {
    View.WATCHER: "sees all connections",
    View.PARTNER: "one partner, later",
    View.KNOWING: "knows who only covers",
}
Series = Mapping[str, tuple[Sequence[float], Sequence[int]]]


def draw(answers: Mapping[str, Answer], *, caption: str) -> bytes:
    """The picture of one answer, or of several that are compared, each under its name. Raises NoPicture without
    matplotlib."""
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NoPicture("matplotlib is not installed") from error
    # What somebody has set for their own pictures must not change ours.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"font.size": 10, "axes.grid": True, "grid.alpha": 0.3})
        figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(caption, fontsize=11)
        (hours, shares), (waits, costs) = figure.subplots(2, 2)
        series = _series(answers)
        _draw_hours(hours, series)
        _draw_shares(shares, series)
        _draw_waits(waits, answers)
        _draw_costs(costs, answers)
        buffer = io.BytesIO()
        # Without the name of the library, so that its next version does not change a byte by that alone.
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _series(answers: Mapping[str, Answer]) -> Series:
    """One line for each answer; for a single one, one for each view."""
    if len(answers) == 1:
        (answer,) = answers.values()
        return {_SHORT[view]: (hidden.bits, answer.hours) for view, hidden in answer.hidden.items()}
    return {name: (answer.hidden[View.WATCHER].bits, answer.hours) for name, answer in answers.items()}


def _draw_hours(axes: "Axes", series: Series) -> None:
    axes.set_title("company by the hour: median, and the lowest (dashed)")
    axes.set_xlabel("hour of the day")
    axes.set_ylabel("min-entropy, bits")
    for at, (name, (bits, hours)) in enumerate(series.items()):
        by_hour: dict[int, list[float]] = {}
        for value, hour in zip(bits, hours, strict=True):
            by_hour.setdefault(hour, []).append(value)
        across = sorted(by_hour)
        axes.plot(across, [quantile(by_hour[hour], MEDIAN) or 0.0 for hour in across], color=f"C{at}", label=name)
        axes.plot(across, [min(by_hour[hour]) for hour in across], color=f"C{at}", linestyle="--")
    axes.set_xlim(0, 23)
    axes.set_xticks(range(0, 24, 3))
    axes.set_ylim(bottom=-0.1)
    axes.legend(fontsize=8)


def _draw_shares(axes: "Axes", series: Series) -> None:
    axes.set_title("in how many rounds there is no more company than that")
    axes.set_xlabel("min-entropy, bits (0: the writer is certain)")
    axes.set_ylabel("share of rounds")
    axes.set_yscale("log")
    for at, (name, (bits, _)) in enumerate(series.items()):
        ordered = sorted(bits)
        axes.step(ordered, _climbing(ordered), where="post", color=f"C{at}", label=name)
    axes.axhline(LOW, color="black", linewidth=0.8, linestyle=":")
    axes.set_ylim(_LEAST, 1.2)
    axes.set_xlim(left=-0.1)
    axes.legend(fontsize=8)


def _draw_waits(axes: "Axes", answers: Mapping[str, Answer]) -> None:
    axes.set_title("how many reports wait for longer than that")
    axes.set_xlabel("minutes from leaving the page to leaving the relay")
    axes.set_ylabel("share of reports")
    axes.set_yscale("log")
    for at, (name, answer) in enumerate(answers.items()):
        ordered = sorted(answer.latencies)
        if ordered:
            axes.step(ordered, [*reversed(_climbing(ordered))], where="pre", color=f"C{at}", label=name or None)
    axes.axhline(LOW, color="black", linewidth=0.8, linestyle=":")
    axes.set_ylim(_LEAST, 1.2)
    axes.set_xlim(left=0)
    if len(answers) > 1 and any(answer.passed.letters for answer in answers.values()):
        axes.legend(fontsize=8)


def _draw_costs(axes: "Axes", answers: Mapping[str, Answer]) -> None:
    axes.set_title("bandwidth, MB")
    axes.set_xscale("log")
    height = 0.8 / len(answers)
    for at, (name, answer) in enumerate(answers.items()):
        cost = answer.bandwidth
        values = [one / _MB for one in (cost.page_hour, cost.relay_in_day, cost.relay_out_day, cost.partner_day)]
        places = [place - 0.4 + (at + 0.5) * height for place in range(len(values))]
        bars = axes.barh(places, values, height=height * 0.9, color=f"C{at}", label=name or None)
        axes.bar_label(bars, labels=[f"{value:,.1f}".replace(",", " ") for value in values], padding=3, fontsize=8)
    axes.set_yticks(
        range(4), ["an open page,\nan hour", "relay gets,\na day", "relay sends,\na day", "each partner,\na day"]
    )
    # Room for the figures beside the longest bar.
    axes.set_xlim(0.1, 8 * axes.dataLim.x1)


def _climbing(ordered: Iterable[float]) -> list[float]:
    """1/n, 2/n, ... 1."""
    count = len([*ordered])
    return [(at + 1) / count for at in range(count)]
