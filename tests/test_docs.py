"""What the documentation tells people to type exists: commands, options, links, files, journal lines, sizes."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from crypto.bundle import HEADER_LEN
from crypto.cells import CellClass
from crypto.directory import BundleSizes
from crypto.minisign import PublicKey
from crypto.signing import SIGNATURE_LEN, SigningKey
from forwarder.desk.config import PartnerSettings, PublishSettings, RelaySettings, TorSettings, WebSettings
from forwarder.desk.corroboration import NEIGHBOURS, PER_PAIR, RARE_PAIRS
from onion_service.client_auth import ClientKey
from relay.cli.app import app
from relay.config import BundleSettings, parse
from relay.journal import Event
from tests.architecture_rules import ROOT
from tests.privacy.claims import rows
from tests.privacy.mutants import caught
from tests.privacy.seizure import table
from tests.unit.forwarder.desk.test_corroboration import MISLED

PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
THREATS: Final = ROOT / "docs/threat-model.md"
OPERATE: Final = ROOT / "docs/operate.md"
PARTNER: Final = ROOT / "docs/partner.md"
MESA: Final = ROOT / "docs/partner.es.md"
DESK_SETTINGS: Final = (PartnerSettings, RelaySettings, TorSettings, WebSettings, PublishSettings)
_PLACEHOLDER: Final = re.compile(r"<[^<>|]*>")


# --- the seizure run ---------------------------------------------------------------------------------------------


def proof_the_seizure_held(page: str) -> None:
    lines = table.read_back(page)
    assert tuple(lines) == table.ORDER
    assert {one.id: one.outcome for one in lines.values() if not one.good} == {}


def test_the_table_of_the_seizure_is_one_that_the_run_wrote_and_says_that_all_held() -> None:
    proof_the_seizure_held(THREATS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("mutant", "written", "instead"),
    [("a row that failed", "| held: ", "| failed: "), ("a mutant that passed", ": caught |", ": not caught |")],
)
def test_a_seizure_that_did_not_hold_is_noticed(mutant: str, written: str, instead: str) -> None:
    page = THREATS.read_text(encoding="utf-8")
    assert written in page
    caught("T22", mutant, proof_the_seizure_held, page.replace(written, instead, 1))


def test_a_table_that_somebody_wrote_by_hand_is_refused() -> None:
    page = THREATS.read_text(encoding="utf-8")
    _, begin, rest = page.partition(table.BEGIN)
    for spoilt in ("", rest.replace("| held: ", "| surely: ", 1), rest.replace("A relay's power", "The power", 1)):
        with pytest.raises(table.NotTheTable):
            table.read_back(begin + spoilt)


# --- what people are told to type --------------------------------------------------------------------------------


def spoken(page: str) -> Iterator[str]:
    """Everything in a page that is set as code: spans, indented and fenced lines, continued lines joined."""
    page = page.replace("\\\n", " ")
    parts = re.split(r"^[ ]*```.*$", page, flags=re.M)
    for prose, block in zip(parts[::2], [*parts[1::2], ""], strict=True):
        yield from block.splitlines()
        yield from (line for line in prose.splitlines() if line.startswith("    "))
        yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose))


def commands(text: str) -> list[list[str]]:
    """The words of each `veladora …` in a line, from `veladora` on."""
    found = []
    for typed in re.findall(r"(?:^|[\s|\"'(=])(?:\S*/bin/)?(veladora(?: [^|#;&]*[^|#;&\s])?)", text):
        if re.match(r"veladora v\d", typed):
            continue  # a label of the formats, not a command
        plain = _PLACEHOLDER.sub("X", typed)
        try:
            words = shlex.split(plain)
        except ValueError:
            words = plain.replace("'", "").replace('"', "").split()
        found.append(words)
    return found


def trouble(words: list[str]) -> str:
    """What is wrong with a command as written; empty when every word of it exists."""
    at: Any = typer.main.get_command(app)
    for place, word in enumerate(words[1:], start=1):
        if word in ("…", "...", "N>", "COMMAND"):
            return ""
        if word.startswith("-") and word != "-":
            if word.partition("=")[0] not in known_options(at):
                return f"{' '.join(words[:place])} has no {word}"
        elif hasattr(at, "commands"):
            if word not in at.commands:
                return f"{' '.join(words[:place])} has no command {word}"
            at = at.commands[word]
    return ""


def known_options(command: Any) -> set[str]:  # noqa: ANN401 - typer brings its own click
    """The options of a command, with those of help."""
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help",
        "-h",
    }


def told_to_type() -> dict[Path, list[list[str]]]:
    """The commands of every page, unit and recipe."""
    told = {path: [c for line in spoken(text) for c in commands(line)] for path, text in read(PAGES)}
    for path, text in read([*(ROOT / "deploy/systemd").glob("*.service"), ROOT / "deploy/relay.toml.example"]):
        lines = text.splitlines() if path.suffix == ".service" else re.findall(r"`([^`]+)`", text)
        told[path] = [c for line in lines if "veladora " in line and "Description" not in line for c in commands(line)]
    return told


def read(paths: list[Path]) -> list[tuple[Path, str]]:
    return [(path, path.read_text(encoding="utf-8")) for path in paths]


def test_every_command_that_is_written_down_exists() -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {found}"
        for path, typed in told_to_type().items()
        for words in typed
        if (found := trouble(words))
    }
    assert wrong == set()


def test_the_pages_speak_of_every_part_of_the_way() -> None:
    typed = {" ".join(words[:3]) for all_words in told_to_type().values() for words in all_words}
    for needed in ("veladora keys new", "veladora directory sign", "veladora desk init", "veladora run relay"):
        assert needed in typed
    unit = told_to_type()[ROOT / "deploy/systemd/veladora-desk.service"]
    assert any(words[1:3] == ["desk", "receive"] for words in unit)


@pytest.mark.parametrize(
    "line",
    ["veladora sned CARD", "veladora send CARD --wiat", "sudo /opt/veladora/bin/veladora desk lst", "veladora adit"],
)
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    assert [trouble(words) for words in commands(line)] != [""]


def test_every_make_target_that_is_written_down_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    told = {name for _, text in read(PAGES) for line in spoken(text) for name in re.findall(r"^make ([a-z-]+)", line)}
    assert {"demo", "test"} <= told <= targets


# --- where people are sent ---------------------------------------------------------------------------------------


def dead_links(page: Path, text: str) -> list[str]:
    """The relative links of a page that lead nowhere: no such file, or no such heading in it."""
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (heading and heading not in headings(target)):
            dead.append(link)
    return dead


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    return headings_of(page.read_text(encoding="utf-8"))


def headings_of(text: str) -> set[str]:
    """The same, of its text."""
    found = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page, page.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_noticed() -> None:
    text = "[a](docs/nowhere.md) [b](README.md#no-such) [c](README.md#status) [d](https://example.org)"
    assert dead_links(ROOT / "README.md", text) == ["docs/nowhere.md", "README.md#no-such"]


def test_every_page_that_code_and_examples_cite_is_there() -> None:
    sources = [
        path
        for folder in ("crypto", "onion_service", "forwarder", "relay", "tests", "deploy")
        for ending in ("*.py", "*.example", "*.service", "*.toml")
        for path in (ROOT / folder).rglob(ending)
        if path != Path(__file__)
    ]
    cited = {name for _, text in read(sources) for name in re.findall(r"\bdocs/[\w./-]+\.md\b", text)}
    assert len(cited) > 10
    assert {name for name in cited if not (ROOT / name).is_file()} == set()


# --- what operators look up --------------------------------------------------------------------------------------


def test_every_line_of_the_journal_is_explained() -> None:
    first_cells = {row[0].strip("`") for row in rows(OPERATE.read_text(encoding="utf-8"))}
    said = {re.sub(r"\{\w+\}", "…", event.value) for event in Event}
    assert said - first_cells == set()
    assert {cell for cell in first_cells if "…" in cell} - said == set(), "a line that no relay writes"


def everything_said() -> str:
    """Every text in the program and in the desk's pages, spaces made single."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for folder in ("crypto", "onion_service", "forwarder", "relay")
        for path in (ROOT / folder).rglob("*.py")
    ]
    said = [
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    said += [
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "forwarder/desk/web/templates").glob("*.html"))
    ]
    return "\n".join(" ".join(one.split()) for one in said)


def proof_that_it_is_said(page: str) -> None:
    """The proof: what partners look up when something goes wrong, nothing of it is a line that no program prints."""
    lines = page.partition("## If something goes wrong")[2].partition("\n**")[0].splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("| ")][1:]
    assert len(cells) > 20
    corpus = everything_said()
    parts = [part.strip(" .()") for cell in cells for part in re.split(r"…| / |: |; | \(", cell)]
    assert [part for part in parts if part not in corpus] == []


def test_everything_that_a_partner_may_look_up_is_said_somewhere() -> None:
    proof_that_it_is_said(PARTNER.read_text(encoding="utf-8"))


def test_a_line_that_nobody_says_is_noticed() -> None:
    page = PARTNER.read_text(encoding="utf-8").replace("| no tor program", "| cannot come for what was missed")
    with pytest.raises(AssertionError, match="cannot come for what was missed"):
        proof_that_it_is_said(page)


def test_the_sizes_are_the_sizes() -> None:
    page = " ".join(OPERATE.read_text(encoding="utf-8").split())
    sizes, kept = BundleSizes(), BundleSettings().keep_rounds
    letters, parcels = (
        HEADER_LEN + count * cell_class.length_after(1) + SIGNATURE_LEN
        for cell_class, count in ((CellClass.LETTER, sizes.letters), (CellClass.PARCEL, sizes.parcels))
    )
    hours = sizes.parcel_every
    figures = [letters, parcels]
    for rounds in (96, kept):
        figures += [rounds * letters, rounds // hours * parcels, rounds * letters + rounds // hours * parcels]
    for figure in figures:
        assert f"{figure:,}".replace(",", " ") in page


def test_the_settings_that_operators_copy_are_accepted() -> None:
    page = OPERATE.read_text(encoding="utf-8").replace("<56 characters>", "a" * 56)
    page = page.replace("<52 capital letters and digits>", ClientKey(bytes(range(32))).public)
    shown = [block for block in re.findall(r"```toml\n(.*?)```", page, re.S) if "draft.toml" not in block]
    page_key = str(PublicKey.of(SigningKey(bytes(range(32)))))
    assert len(shown) == 4
    for block in shown:
        root = f'root = "{"0" * 64}"\n'
        bare = not block.lstrip("#").lstrip().startswith("[") and "[[" not in block and "[tor]" not in block
        text = f"[relay]\n{root}{block}" if bare else f"[relay]\n{root}\n{block}"
        parse(text.replace("RW…", page_key))


# --- what partners read, in both languages -----------------------------------------------------------------------


def skeleton(page: str) -> tuple[list[str], list[str], int, list[str]]:
    """What must be the same in every language: the levels of the headings, what is typed, how many rows there are, and
    in the last table, of trouble, the words of the program.

    Of what is typed: without comments, and with nothing between quotes or in brackets, which may be translated.
    """
    levels = re.findall(r"^(#+) ", page, re.M)
    code = [line for line in page.splitlines() if line.startswith("    ")]
    plain = [re.sub(r"\s+#\s.*$", "", line).strip() for line in code]
    same = [re.sub(r"\([^)]*\)", "()", re.sub(r'"[^"]*"', '""', line)) for line in plain]
    trouble_said = [row[0] for row in rows(page.rpartition("\n|---|---|\n")[2])]
    return levels, [" ".join(line.split()) for line in same], len(rows(page)), trouble_said


def proof_both_languages_say_the_same_to_type(english: str, spanish: str) -> None:
    assert skeleton(english) == skeleton(spanish)
    assert len(skeleton(english)[1]) > 80
    for page in (english, spanish):
        anchors = headings_of(page)
        assert len(anchors) == len(re.findall(r"^#+ ", page, re.M)), "no two headings are one anchor"


def test_partners_are_told_the_same_in_both_languages() -> None:
    proof_both_languages_say_the_same_to_type(*(text for _, text in read([PARTNER, MESA])))


@pytest.mark.parametrize(
    ("mutant", "written", "instead"),
    [
        ("a command of one language alone", "    sudo swapoff -a\n", ""),
        ("another option", "--acknowledge", "--agree"),
        ("a heading that is missing", "## Actualizar", "Actualizar"),
        ("a row that is missing", "| MP3, OGG, FLAC | el sonido sin metadatos | mat2 |\n", ""),
        ("words that the program does not say", "| this system has no sandbox", "| el sistema no tiene sandbox"),
    ],
)
def test_a_language_that_fell_behind_is_noticed(mutant: str, written: str, instead: str) -> None:
    (_, english), (_, spanish) = read([PARTNER, MESA])
    assert written in spanish
    proof = proof_both_languages_say_the_same_to_type
    caught("page", mutant, proof, english, spanish.replace(written, instead, 1))


def test_every_setting_of_a_desk_is_explained_in_both_languages() -> None:
    settings = {field for kind in DESK_SETTINGS for field in kind.__struct_fields__}
    for _, page in read([PARTNER, MESA]):
        told = {name for line in spoken(page) for name in re.findall(r"[a-z_]+", line)}
        assert settings - told == set()


# --- figures and lists that are held nowhere else ----------------------------------------------------------------


def test_the_limits_of_looking_alike_are_those_of_the_program() -> None:
    page = " ".join((ROOT / "docs/limits.md").read_text(encoding="utf-8").split())
    assert f"compared with at most {NEIGHBOURS + RARE_PAIRS * PER_PAIR} of those before it" in page
    assert f"at most {MISLED} others into a question" in page


def test_every_lock_is_named_in_the_readme() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith("| `requirements/`"))
    assert {path.stem for path in (ROOT / "requirements").glob("*.txt")} == set(re.findall(r"`([a-z]+)`", line))
