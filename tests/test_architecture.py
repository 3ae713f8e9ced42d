"""The tree keeps the rules of the house, and each rule notices when it is broken.

For every rule: once over the whole tree as it lies here, and once over planted modules that break it.
"""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import pytest
import setuptools

from tests import architecture_rules as rules
from tests.architecture_rules import PACKAGES, ROOT, Module, Rule

LOCKS: Final = ("build", "relay", "desk", "cluster", "simulate", "dev")
# Put together here, so that this file does not name them.
REGISTRIES: Final = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
    )
)
MACHINE_PATH: Final = re.compile(r"(?<![\w.$~}-])/(?:work|root|opt/wheels|opt/pypi|home/\w+)(?![\w-])")


def kept_by_the_tree(rule: Rule) -> None:
    faults = [f"{module.path}: {fault}" for module in rules.modules() for fault in rule(module)]
    assert faults == [], "\n".join([(rule.__doc__ or "").splitlines()[0], *faults])


def broken_by(rule: Rule, path: str, text: str) -> bool:
    return bool(list(rule(Module(PurePosixPath(path), text))))


def test_imports_only_point_left() -> None:
    kept_by_the_tree(rules.imports_point_left)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("crypto/cells.py", "import relay.mix"),
        ("crypto/cells.py", "from onion_service import door"),
        ("onion_service/door.py", "def accept():\n    from relay.node import Node"),
        ("forwarder/retry.py", "from ..relay import rounds"),
        ("relay/node.py", "from tests.tor import network"),
        ("relay/node.py", "import deploy.demo"),
        ("forwarder/delivery.py", "import importlib\nimportlib.import_module('relay')"),
    ],
)
def test_an_import_to_the_right_is_noticed(path: str, text: str) -> None:
    assert broken_by(rules.imports_point_left, path, text)
    assert not broken_by(rules.imports_point_left, "relay/node.py", "import crypto.cells\nfrom forwarder import retry")


def test_the_desk_never_imports_the_relay() -> None:
    kept_by_the_tree(rules.desk_knows_no_relay)


def test_a_desk_that_imports_the_relay_is_noticed() -> None:
    assert broken_by(rules.desk_knows_no_relay, "forwarder/desk/inbox.py", "from relay.rounds import Rounds")
    assert broken_by(rules.desk_knows_no_relay, "forwarder/desk/__init__.py", "import relay")


def test_the_door_never_imports_the_spool() -> None:
    kept_by_the_tree(rules.door_knows_no_spool)


def test_a_door_that_imports_the_spool_is_noticed() -> None:
    assert broken_by(rules.door_knows_no_spool, "onion_service/door.py", "from relay.spool import Spool")
    assert broken_by(rules.door_knows_no_spool, "onion_service/door.py", "from relay import spool as place")


def test_pure_modules_are_pure() -> None:
    kept_by_the_tree(rules.pure_modules_are_pure)


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "from time import monotonic",
        "import socket",
        "import subprocess",
        "import logging",
        "import asyncio",
        "from pathlib import Path\nPath('key').read_bytes()",
        "import pathlib\ndef there(path: pathlib.Path):\n    return path.exists()",
        "def load():\n    return open('key').read()",
        "from datetime import datetime as moment\nclock = moment.now",
        "import datetime\nnow = datetime.datetime.now()",
        "from random import choice\nchoice([1])",
        "import random\nrandom.shuffle([])",
        "from random import Random\nrng = Random()",
        "import io\nio.open('x')",
        "print('x')",
        "from relay import spool",
    ],
)
@pytest.mark.parametrize("path", ["crypto/cells.py", "relay/mix.py", "onion_service/clean/photo.py"])
def test_an_impure_line_in_a_pure_module_is_noticed(path: str, text: str) -> None:
    assert broken_by(rules.pure_modules_are_pure, path, text)
    assert not broken_by(rules.pure_modules_are_pure, "relay/node.py", text)


def test_chance_is_crypto_s_alone_and_a_mark_makes_a_module_pure() -> None:
    assert broken_by(rules.pure_modules_are_pure, "relay/mix.py", "import secrets")
    assert broken_by(rules.pure_modules_are_pure, "relay/plan.py", '"""A plan.\n\nPure: no clock.\n"""\nimport os')
    allowed = "import secrets\nfrom pathlib import Path\nimport random\nrandom.Random(7).sample([], 0)"
    assert not broken_by(rules.pure_modules_are_pure, "crypto/cells.py", allowed)


def test_only_the_journal_and_the_desk_s_program_log() -> None:
    kept_by_the_tree(rules.only_the_journal_speaks)


@pytest.mark.parametrize(
    "text", ["import logging", "from logging import getLogger", "print(1)", "import rich", "import sys\nsys.stderr"]
)
def test_a_module_that_speaks_is_noticed(text: str) -> None:
    assert broken_by(rules.only_the_journal_speaks, "onion_service/door.py", text)
    assert not broken_by(rules.only_the_journal_speaks, "relay/journal.py", text)
    assert not broken_by(rules.only_the_journal_speaks, "forwarder/desk/program.py", text)


def test_commands_answer_but_do_not_log() -> None:
    assert not broken_by(rules.only_the_journal_speaks, "relay/cli/send.py", "import typer\nimport rich.progress")
    assert broken_by(rules.only_the_journal_speaks, "relay/cli/send.py", "import logging")


def test_only_onion_service_opens_connections() -> None:
    kept_by_the_tree(rules.only_onion_service_connects)


@pytest.mark.parametrize(
    "text",
    [
        "import stem.control",
        "from aiohttp_socks import ProxyConnector",
        "import http.client",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import aiohttp\nsession = aiohttp.ClientSession()",
        "from aiohttp import ClientSession as Http\nHttp()",
        "from socket import create_connection\ncreate_connection(('h', 1))",
        "import socket\nsocket.socket(socket.AF_INET)",
        "import asyncio\nasyncio.open_connection('h', 1)",
        "async def go(loop):\n    await loop.create_connection(None, 'h', 1)",
    ],
)
def test_a_connection_outside_onion_service_is_noticed(text: str) -> None:
    assert broken_by(rules.only_onion_service_connects, "forwarder/delivery.py", text)
    assert not broken_by(rules.only_onion_service_connects, "onion_service/dial.py", text)


def test_a_socket_handed_over_by_its_number_is_no_connection() -> None:
    handed_over = "import socket\nsocket.socket(fileno=3)\nfrom aiohttp import web"
    assert not broken_by(rules.only_onion_service_connects, "relay/supervisor.py", handed_over)


def test_hpke_has_one_importer() -> None:
    kept_by_the_tree(rules.one_suite)


def test_a_second_importer_of_hpke_is_noticed() -> None:
    text = "from cryptography.hazmat.primitives import hpke"
    assert broken_by(rules.one_suite, "crypto/letter.py", text)
    assert not broken_by(rules.one_suite, "crypto/suite.py", text)


def test_pycryptodome_is_not_used() -> None:
    kept_by_the_tree(rules.no_pycryptodome)
    assert not [lock for lock in LOCKS if "pycryptodome" in lock_text(ROOT, lock).lower()]


def test_pycryptodome_is_noticed() -> None:
    assert broken_by(rules.no_pycryptodome, "tests/unit/crypto/test_keys.py", "from Crypto.Cipher import AES")


def test_names_say_something() -> None:
    kept_by_the_tree(rules.names_say_something)


@pytest.mark.parametrize(
    "path", ["relay/utils.py", "crypto/common/__init__.py", "tests/helpers.py", "relay/Manager.py"]
)
def test_a_vague_name_is_noticed(path: str) -> None:
    assert broken_by(rules.names_say_something, path, "")


def test_every_module_opens_with_its_promise() -> None:
    kept_by_the_tree(rules.opens_with_a_promise)


def test_a_module_without_a_promise_is_noticed() -> None:
    assert broken_by(rules.opens_with_a_promise, "relay/mix.py", "X = 1")
    assert not broken_by(rules.opens_with_a_promise, "relay/__init__.py", "")


def test_modules_stop_at_400_lines() -> None:
    kept_by_the_tree(rules.fits_in_a_head)


def test_a_long_module_is_noticed() -> None:
    assert broken_by(rules.fits_in_a_head, "relay/mix.py", "x = 1\n" * 401)
    assert not broken_by(rules.fits_in_a_head, "relay/mix.py", "x = 1\n" * 400)


def test_functions_stop_at_60_lines() -> None:
    kept_by_the_tree(rules.fits_on_a_screen)


def test_a_long_function_is_noticed() -> None:
    assert broken_by(rules.fits_on_a_screen, "relay/mix.py", "async def f():\n" + "    x = 1\n" * 60)
    assert not broken_by(rules.fits_on_a_screen, "relay/mix.py", "def f():\n" + "    x = 1\n" * 59)


def shipped(include: list[str]) -> set[str]:
    return {name.split(".")[0] for name in setuptools.find_packages(str(ROOT), include=include)}


def test_tests_are_not_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert shipped(project["tool"]["setuptools"]["packages"]["find"]["include"]) == set(PACKAGES)


def test_shipping_the_tests_is_noticed() -> None:
    assert shipped(["crypto*", "tests*"]) != set(PACKAGES)
    assert "tests" in shipped(["*"])


def committed_texts(root: Path) -> Iterator[tuple[str, str]]:
    """Every text file git has or would take; pictures and the like have nothing to read."""
    listed = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0"):
        path = root / name
        if name and path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if b"\0" not in data:
                yield name, data.decode("utf-8", "replace")


def places_named(root: Path) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in committed_texts(root)
        for number, line in enumerate(text.splitlines(), start=1)
        if any(host in line for host in REGISTRIES) or MACHINE_PATH.search(line)
    ]


def test_no_file_names_a_registry_or_a_machine() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git work tree: nothing says which files are committed")
    assert places_named(ROOT) == []


@pytest.mark.parametrize("line", [f"https://{host}/simple" for host in REGISTRIES])
def test_a_registry_is_noticed(tmp_path: Path, line: str) -> None:
    assert noticed(tmp_path, line)


@pytest.mark.parametrize("parts", [("", "work", "main"), ("", "root", ".cache"), ("", "home", "ana"), ("", "work")])
def test_a_path_of_a_machine_is_noticed(tmp_path: Path, parts: tuple[str, ...]) -> None:
    assert noticed(tmp_path, f"see {'/'.join(parts)}")
    assert not noticed(tmp_path, "see keys/root, /usr/bin, ~/work and GET /rounds/<n>")


def noticed(folder: Path, line: str) -> bool:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "notes.md").write_text(f"a line\n{line}\n", encoding="utf-8")
    return places_named(folder) != []


def lock_text(root: Path, lock: str) -> str:
    return (root / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")


def faults_of_lock(text: str) -> list[str]:
    """What in a lock file is not a comment, an exact version, or a SHA-256 of it."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    pin = re.compile(r"[a-z0-9-]+==[\w.]+(?: ; .+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
    odd = [line for line in lines if not pin.fullmatch(line) and not digest.fullmatch(line)]
    pairs = zip(lines, [*lines[1:], ""], strict=True)
    return odd + [line for line, after in pairs if pin.fullmatch(line) and not digest.fullmatch(after)]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    assert faults_of_lock(lock_text(ROOT, lock)) == []


@pytest.mark.parametrize(
    "line", ["stem>=1.8.2", "stem==1.8.2", "stem==1.8.2 \\", "--index-url https://example.org", "stem @ file:stem.whl"]
)
def test_a_loose_requirement_is_noticed(line: str) -> None:
    assert faults_of_lock(f"{line}\n") != []


def missing_from_lock(wanted: list[str], text: str) -> set[str]:
    pinned = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    return {re.split(r"[^\w.-]", name)[0].lower().replace("_", "-") for name in wanted} - pinned


def test_the_locks_hold_all_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for lock, names in {"relay": [], **{name: [name] for name in extras}, "dev": list(extras)}.items():
        wanted = project["dependencies"] + [line for name in names for line in extras[name]]
        assert missing_from_lock(wanted, lock_text(ROOT, lock)) == set(), lock


def test_a_requirement_that_is_in_no_lock_is_noticed() -> None:
    assert missing_from_lock(["leftpad>=1", "stem>=1.8"], lock_text(ROOT, "relay")) == {"leftpad"}
