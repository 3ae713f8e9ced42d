"""`veladora --help` tells the whole story at once, and no foreseeable error is a traceback."""

import errno
import subprocess
import sys

import pytest
import typer

from crypto.errors import CryptoError, Expired
from onion_service.errors import OnionServiceError, TorMissing
from relay.cli.console import plain
from relay.cli.explain import explain
from tests.cli.typed import ENVIRONMENT, run

STEPS = (
    "veladora send CARD",
    "veladora desk init",
    "veladora desk run",
    "veladora directory sign",
    "veladora audit CARD",
    "veladora run",
    "Exit codes",
)
HEAVY = ("aiohttp", "cryptography", "nacl", "stem", "msgspec", "rich.progress")


@pytest.mark.parametrize("words", [["--help"], []])
def test_help_tells_reporter_partner_and_operator_their_first_steps(words: list[str]) -> None:
    said = run(*words)
    for step in STEPS:
        assert step in said.out + said.err


@pytest.mark.parametrize("command", ["send", "seal", "desk", "doctor", "init", "run", "keys", "directory", "audit"])
def test_every_command_has_help(command: str) -> None:
    assert run(command, "--help").code == 0


def test_the_version_is_the_answer() -> None:
    code = "from importlib import metadata; metadata.version = lambda name: f'9 {name}'; from relay.cli import main"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv = ['veladora', '--version']; {code}; main()"],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
    )
    assert done.stdout == "veladora 9 veladora\n"


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['veladora', '--help']\n"
        "from relay.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert "heavy: []" in done.stdout


def test_every_foreseeable_error_has_a_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [*_below(CryptoError), *_below(OnionServiceError)]
    assert len(kinds) > 20
    for error in (Expired("too old"), TorMissing("tor"), OSError(errno.ENOSPC, "No space left"), OSError("odd")):
        with pytest.raises(typer.Exit) as ended:
            explain(error)
        assert ended.value.exit_code == 1
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert "  → " in said


def test_what_we_did_not_foresee_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        explain(ZeroDivisionError())


def test_a_name_cannot_move_the_cursor() -> None:
    assert "\x1b" not in plain("Norte\x1b[2J\x07")
    assert plain("áéí ñ 👀\n") == "áéí ñ 👀\n"


def _below(kind: type[Exception]) -> list[type[Exception]]:
    return [below for child in kind.__subclasses__() for below in (child, *_below(child))]
