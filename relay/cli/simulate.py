"""`veladora simulate`: what company a writer would have, and what it costs, before an operator decides."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from relay.cli.console import MISUSED, Bar, answer, fail, progress, say
from relay.cli.explain import explain

if TYPE_CHECKING:
    from relay.simulator.simulating import Answer, Question, Shape

_INTERRUPTED: Final = 130
_COMPARED_MAX: Final = 6
_WHOLE: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_TRAFFIC: Final = "The traffic"
_RELAY: Final = "The relay"

ReportsOption = Annotated[
    float,
    typer.Option("--reports-a-day", metavar="N", min=0, max=1e6, help="Reports a day.", rich_help_panel=_TRAFFIC),
]
PagesOption = Annotated[
    float,
    typer.Option(
        "--open-pages",
        metavar="N",
        min=0,
        max=1e6,
        help="Visits a day in which nobody reports.",
        rich_help_panel=_TRAFFIC,
    ),
]
CoverOption = Annotated[
    int,
    typer.Option(
        "--cover", metavar="N", min=0, max=10_000, help="How many run `veladora cover`.", rich_help_panel=_TRAFFIC
    ),
]
EvenOption = Annotated[
    bool,
    typer.Option("--even", help="As many reports at every hour. Left out: most about 20:00.", rich_help_panel=_TRAFFIC),
]
BurstOption = Annotated[
    list[str] | None,
    typer.Option(
        "--burst",
        metavar="N@HH:MM",
        help="So many more reports in the half hour from then on, every day.",
        rich_help_panel=_TRAFFIC,
    ),
]
ReplayOption = Annotated[
    Path | None,
    typer.Option(
        "--replay",
        metavar="FILE",
        help="Moments of real events at which reports leave besides: one a line, 2026-11-22T20:15Z or seconds since "
        "1970. They keep their hours; the first one's day is the first.",
        rich_help_panel=_TRAFFIC,
    ),
]
LossOption = Annotated[
    float,
    typer.Option(
        "--loss", metavar="SHARE", min=0, max=0.9, help="Share of cells that do not arrive.", rich_help_panel=_TRAFFIC
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FOLDER|FILE",
        help="Take round, bundles, loops and partners from a relay's settings and its directory.",
        rich_help_panel=_RELAY,
    ),
]
RoundOption = Annotated[
    int | None,
    typer.Option(
        "--round", metavar="SECONDS", min=5, max=86_400, help="How long a round is; else 900.", rich_help_panel=_RELAY
    ),
]
LettersOption = Annotated[
    int | None,
    typer.Option(
        "--letters", metavar="B", min=1, max=1_024, help="Letters in a bundle; else 64.", rich_help_panel=_RELAY
    ),
]
ParcelsOption = Annotated[
    int | None,
    typer.Option(
        "--parcels", metavar="B", min=1, max=1_024, help="Parcels in a bundle; else 16.", rich_help_panel=_RELAY
    ),
]
PartnersOption = Annotated[
    int | None,
    typer.Option("--partners", metavar="N", min=0, max=100, help="How many partners; else 1.", rich_help_panel=_RELAY),
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=3_650, help="How many days to simulate.")]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, max=2**63, help="The same seed gives the same figures; try another one.")
]
CompareOption = Annotated[
    str,
    typer.Option(
        "--compare",
        metavar="NAME=A,B,…",
        help="A column for each value: of round, letters, cover, reports or pages. round=300,900,1800",
    ),
]
PngOption = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Draw it, too, into a new file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The figures as JSON.")]


def simulate(
    reports: ReportsOption = 20.0,
    pages: PagesOption = 60.0,
    cover: CoverOption = 5,
    even: EvenOption = False,
    burst: BurstOption = None,
    replay: ReplayOption = None,
    loss: LossOption = 0.05,
    config: ConfigOption = None,
    round_seconds: RoundOption = None,
    letters: LettersOption = None,
    parcels: ParcelsOption = None,
    partners: PartnersOption = None,
    days: DaysOption = 30,
    seed: SeedOption = 1,
    compare: CompareOption = "",
    png: PngOption = None,
    json: JsonOption = False,
) -> None:
    """See what company a writer would have, how long reports would wait and what it would cost, before you decide.

    Some days of a relay are simulated, with visits as open pages and `veladora cover` make them. In every round one
    report more is sent, and its writer is looked for. **0 bits: the writer is certain. 1 bit: one of two. 3 bits:
    one of eight.** Company is counted in senders: one page or one cover sender is one, however many cells it sends,
    and the relay's own loops are none. It is a model: docs/simulate.md says against whom each figure is, and what it
    leaves out.

    How long should rounds be? A column for each answer, and a picture:

        veladora simulate --reports-a-day 20 --cover 5 --compare round=300,900,1800 --png company.png

    What if everybody writes on one evening? Or as on the day of which you have a list of moments?

        veladora simulate --burst 200@20:00

        veladora simulate --replay moments.csv --days 7
    """
    from relay.simulator.errors import SimulatorError
    from relay.simulator.simulating import Question
    from relay.simulator.traffic import Traffic

    _check_place(png)
    try:
        bursts, moments = _events(burst or [], replay, days)
        traffic = Traffic(reports, pages, cover, evening=not even, bursts=bursts, replay=moments, loss=loss)
        shape = _shape(config, period=round_seconds, letters=letters, parcels=parcels, partners=partners)
        questions = _compared(Question(traffic, shape, days), compare)
        found = _simulated(questions, seed)
        _tell(found, seed=seed, png=png, json=json)
    except SimulatorError as error:
        fail(str(error), hint="`veladora simulate --help` has examples", code=MISUSED)
    except KeyboardInterrupt:
        fail("interrupted", hint="nothing was written; fewer --days are done sooner", code=_INTERRUPTED)


def _check_place(png: Path | None) -> None:
    """End the command, before the work begins, where there is no place for the picture."""
    if png is not None and png.exists():
        fail(f"{png} exists", hint="choose another path; existing files are never overwritten", code=MISUSED)
    if png is not None and not png.parent.is_dir():
        fail(f"{png.parent} is not a folder", hint="make it, or choose another path", code=MISUSED)


def _events(bursts: list[str], replay: Path | None, days: int) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    from relay.simulator.errors import NotTraffic
    from relay.simulator.replay import TEXT_MAX, days_of, parse_burst, parse_replay

    moments: tuple[float, ...] = ()
    if replay is not None:
        try:
            with replay.open("rb") as file:
                moments = parse_replay(file.read(TEXT_MAX + 1))
        except OSError as error:
            explain(error, about=str(replay), code=MISUSED)
        except NotTraffic as error:
            raise NotTraffic(f"{replay}: {error}") from error
        if days_of(moments) > days:
            raise NotTraffic(f"{replay}: from the first day to the last it takes --days {days_of(moments)}")
    return tuple(parse_burst(text) for text in bursts), moments


def _shape(
    config: Path | None, *, period: int | None, letters: int | None, parcels: int | None, partners: int | None
) -> "Shape":
    """The relay's own, where one is named; else the defaults; and what was typed in its place."""
    from relay.simulator.simulating import Shape

    shape = Shape() if config is None else _shape_of(config)
    sizes = replace_sizes(shape, letters=letters, parcels=parcels)
    return replace(
        shape,
        sizes=sizes,
        period=shape.period if period is None else period,
        partners=shape.partners if partners is None else partners,
    )


def replace_sizes(shape: "Shape", *, letters: int | None, parcels: int | None) -> Any:  # noqa: ANN401
    """The sizes of bundles with what was typed in the place of what was set."""
    from crypto.directory import BundleSizes

    return BundleSizes(
        letters=shape.sizes.letters if letters is None else letters,
        parcels=shape.sizes.parcels if parcels is None else parcels,
        parcel_every=shape.sizes.parcel_every,
    )


def _shape_of(path: Path) -> "Shape":
    from crypto.directory import TrustedDirectory
    from crypto.errors import CryptoError
    from relay import config
    from relay.simulator.simulating import Shape

    try:
        read = config.read(path / "relay.toml" if path.is_dir() else path)
    except config.ConfigError as error:
        fail(str(error), hint="name the folder or the file that `veladora run` is started with", code=MISUSED)
    try:
        # One that has expired still says how long rounds are.
        directory = TrustedDirectory.read(read.directory_file.read_bytes(), root=read.config.root, now=0).directory
    except (OSError, CryptoError) as error:
        explain(error, about=str(read.directory_file), code=MISUSED)
    return Shape(
        period=directory.round_seconds,
        sizes=directory.bundle,
        places=read.config.spool.letters,
        loops=read.config.loops.per_round,
        partners=len(read.config.partner),
    )


# What can be compared: the least and the most it may be, and how a question changes with it.
_COMPARABLE: "Final[dict[str, tuple[int, int, Callable[[Question, int], Question]]]]" = {
    "round": (5, 86_400, lambda one, value: replace(one, shape=replace(one.shape, period=value))),
    "letters": (
        1,
        1_024,
        lambda one, value: replace(
            one, shape=replace(one.shape, sizes=replace_sizes(one.shape, letters=value, parcels=None))
        ),
    ),
    "cover": (0, 10_000, lambda one, value: replace(one, traffic=replace(one.traffic, cover=value))),
    "reports": (0, 1_000_000, lambda one, value: replace(one, traffic=replace(one.traffic, reports=float(value)))),
    "pages": (0, 1_000_000, lambda one, value: replace(one, traffic=replace(one.traffic, pages=float(value)))),
}


def _compared(question: "Question", text: str) -> "dict[str, Question]":
    """A question for each column; ends the command as mistyped when `text` does not say which."""
    if not text:
        return {"": question}
    name, _, values = text.partition("=")
    least, most, change = _COMPARABLE.get(name, (1, 0, lambda one, _value: one))
    numbers = [int(value) for value in values.split(",") if _WHOLE.fullmatch(value)]
    asked = len(values.split(","))
    if len(set(numbers)) != asked or asked > _COMPARED_MAX or not all(least <= number <= most for number in numbers):
        fail(
            f"--compare {text}: not a name and different whole numbers that it may be",
            hint=f"write --compare round=300,900,1800; of {', '.join(_COMPARABLE)}, at most {_COMPARED_MAX} values",
            code=MISUSED,
        )
    return {f"{name} {number}": change(question, number) for number in numbers}


def _simulated(questions: "Mapping[str, Question]", seed: int) -> "dict[str, Answer]":
    from random import Random

    from relay.simulator.simulating import simulate

    for question in questions.values():
        question.check()
    found = {}
    with progress() as bar:
        for name, question in questions.items():
            # Every column begins with the same chance, so that they differ by what is compared and little else.
            found[name] = simulate(
                question,
                chance=Random(seed),  # noqa: S311 - figures that anybody may get again, not secrets
                progress=partial(_step, bar, f"{name}: " if name else ""),
            )
    return found


def _step(bar: Bar, about: str, what: str, done: float, of: float) -> None:
    bar.step(f"{about}{what}", done=done, of=of)


def _tell(found: "Mapping[str, Answer]", *, seed: int, png: Path | None, json: bool) -> None:
    from onion_service import durable
    from relay.cli import simulated
    from relay.simulator.errors import NoPicture
    from relay.simulator.picture import draw

    for line in [simulated.as_json(found, seed=seed)] if json else simulated.lines(found):
        answer(line)
    for line in simulated.remarks(found):
        say(line)
    if png is None:
        return
    try:
        picture = draw(found, caption=simulated.head(found))
    except NoPicture as error:
        fail(
            f"no picture: {error}",
            hint="pip install --require-hashes --no-build-isolation -r requirements/simulate.txt",
        )
    durable.write_new(png, picture, mode=0o644)
    say(f"drawn: {png}")
