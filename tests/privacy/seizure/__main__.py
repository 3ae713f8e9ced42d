"""`make seizure`: relays lose their power, the examiner looks with all keys in hand, and the table says what held.

It ends with 0 only when every promise held and every planted fault was caught. `--write` puts the table into
docs/threat-model.md then, and only when it was the image of a disk that was looked at.
"""

import argparse
import multiprocessing
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Final

from rich.console import Console

from tests.architecture_rules import ROOT
from tests.privacy.seizure import planned, table, verdicts
from tests.privacy.seizure.around import private_tor
from tests.privacy.seizure.disk import IMAGE
from tests.privacy.seizure.plans import Plan, Together
from tests.privacy.seizure.running import Seized, Tor, results, seize
from tests.privacy.seizure.table import FAILED, HELD, UNSEEN, Circumstances, Line

PAGE: Final = ROOT / "docs/threat-model.md"
_LOOKERS: Final = 2
# What is examined must not keep a relay from its edges that is still running.
_PATIENCE: Final = 15

_console: Final = Console(highlight=False, soft_wrap=True, stderr=True)


class Progress:
    """Each step as it comes, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began: Final = time.monotonic()

    def __call__(self, text: str) -> None:
        _console.print(f"{time.monotonic() - self._began:5.0f} s  {text}", markup=False)


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="make seizure", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    say = Progress()
    found = everything(say)
    lines = judged(found)
    for text in table.terminal(lines):
        sys.stdout.write(f"{text}\n")
    good = all(line.good for line in lines)
    level = found[planned.MANY.name].level
    if level != IMAGE:
        say("only files were looked at: an image needs root and a loop device")
    if good and arguments.write and level == IMAGE:
        PAGE.write_text(table.put_into(PAGE.read_text("utf-8"), table.block(lines, circumstances(found))), "utf-8")
        say(f"the table is in {PAGE.relative_to(ROOT)}")
    say("every promise held, and every planted fault was caught" if good else "NOT everything held; see above")
    return 0 if good else 1


def everything(say: Progress) -> dict[str, Seized]:
    """Every relay of the run, seized; by name."""
    plain = [planned.PLAIN_NONE, *(planned.planted(row) for row in planned.MUTANTS if row != "T9")]
    with_tor = [planned.NONE, planned.ONE, planned.MANY, planned.planted("T9")]
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(_LOOKERS, mp_context=context, initializer=os.nice, initargs=(_PATIENCE,)) as pool,
        ThreadPoolExecutor(len(plain) + len(with_tor)) as relays,
    ):

        def start(plans: Sequence[Plan], tor: Tor | None) -> dict[str, Future[Seized]]:
            together = Together(len(plans), plans[0].round_seconds)
            return {
                plan.name: relays.submit(seize, plan, pool=pool, say=say, together=together, tor=tor) for plan in plans
            }

        say(f"{len(plain)} relays without tor start, {len(plain) - 1} of them with a fault planted")
        running = start(plain, None)
        with private_tor(say) as tor:
            say(f"{len(with_tor)} relays with their tors start")
            running |= start(with_tor, tor)
            return results(running)


def judged(found: Mapping[str, Seized]) -> list[Line]:
    """A line for each promise: what the relays with Tor showed, and whether its mutant was caught."""
    lines = []
    for row in table.ORDER:
        judge = verdicts.JUDGES[row]
        whole = [judge(found[name], found[planned.NONE.name]) for name in _judged_on(row)]
        many = whole[-1]
        because = tuple(
            f"{name}: {why}" for name, one in zip(_judged_on(row), whole, strict=True) for why in one.because
        )
        outcome = HELD if all(one.held for one in whole) else FAILED if all(one.looked for one in whole) else UNSEEN
        name = f"{row} mutant"
        empty = found[planned.NONE.name if found[name].plan.with_tor else planned.PLAIN_NONE.name]
        mutant = judge(found[name], empty)
        caught = mutant.looked and not mutant.held
        how = mutant.because[-1] if mutant.because else ""
        lines.append(Line(row, outcome, many.said, planned.MUTANTS[row][0], caught, because, how))
    return lines


def circumstances(found: Mapping[str, Seized]) -> Circumstances:
    """When and on what this run took place."""
    said = subprocess.run(["tor", "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"Tor version ([\d.]*\d)", said)
    return Circumstances(
        day=time.strftime("%Y-%m-%d", time.gmtime()),
        level=found[planned.MANY.name].level,
        tor=version[1] if version else "0",
        runs=len(found),
        planted=len(planned.MUTANTS),
    )


def _judged_on(row: str) -> tuple[str, ...]:
    # Of one report there is no order, and of none there is nothing to lose.
    names = {"T3": (planned.MANY,), "T11": (planned.ONE, planned.MANY)}
    return tuple(plan.name for plan in names.get(row, (planned.NONE, planned.ONE, planned.MANY)))


if __name__ == "__main__":
    sys.exit(main())
