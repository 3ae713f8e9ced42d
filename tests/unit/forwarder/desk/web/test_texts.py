"""Every closed list and every error has its words in every language, and a catalogue is whole."""

import inspect
import tomllib
from enum import Enum

import pytest
from babel.messages.pofile import read_po

from crypto.cells import CellClass
from crypto.report import When
from deploy.desk_texts import messages, whole_languages
from deploy.page import PageNotBuilt
from forwarder import errors as roads
from forwarder.desk import errors, findings
from forwarder.desk.casework import Deed
from forwarder.desk.corroboration import Reason
from forwarder.desk.endpoint import Refusal
from forwarder.desk.errors import DeskError
from forwarder.desk.listener import Trouble
from forwarder.desk.publish import errors as publishing
from forwarder.desk.triage import State
from forwarder.desk.web.catalogues import LOCALE, languages
from forwarder.desk.web.house import FOLDER
from forwarder.desk.web.texts import SAID, STEP, known_troubles, trouble
from forwarder.errors import ForwarderError
from tests.architecture_rules import ROOT

LISTS: tuple[type[Enum], ...] = (
    *(State, When, Deed, Reason, CellClass, Refusal, Trouble),
    *(findings.Outcome, findings.Removed, findings.Remains, findings.Unchecked, findings.Reason),
)
# Pages neither change keys nor speak to services; what raises these is a command.
OF_COMMANDS = {
    errors.TooManyKeys, errors.NotDestroyed, errors.NoSuchPost, errors.NoSuchChannel, errors.BadChannel,
    errors.NoOutlet, errors.NotSaid,
}  # fmt: skip

# A desk neither reads cards, pushes bundles nor fetches copies; what its endpoint refuses is told by `Refusal`.
OF_RELAYS = {
    roads.NotACard, roads.NotMirrored, roads.NoCopy, roads.NotDelivered, roads.Unreachable, roads.Refused,
    roads.BadWebhook,
}  # fmt: skip


@pytest.mark.parametrize("closed_list", LISTS)
def test_everything_in_a_closed_list_has_its_word(closed_list: type[Enum]) -> None:
    assert [one for one in closed_list if one not in SAID] == []


def test_every_step_has_a_button() -> None:
    assert set(STEP) == set(State)


def test_every_error_of_a_desk_has_its_own_words() -> None:
    raised = {
        one
        for module in (errors, publishing, roads)
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, ForwarderError) and one not in (DeskError, ForwarderError)
    }
    assert len(raised) > 50
    assert raised - OF_COMMANDS - OF_RELAYS - known_troubles() == set()


def test_an_error_that_nobody_foresaw_has_words_too() -> None:
    assert trouble(KeyError("x")) == trouble(Exception())
    assert trouble(errors.BadWords("x")) != trouble(Exception())
    # What failed may have been done before it failed, so nobody is told that nothing was changed.
    assert "mire si quedó hecho" in trouble(KeyError("x"))[1]
    assert "no se cambió" not in " ".join(trouble(KeyError("x")))


def test_every_language_is_whole() -> None:
    found = whole_languages()
    assert [one.code for one in found] == ["es", "en"]
    assert list(languages()) == ["es", "en"]
    assert len(messages()) > 400


def test_a_catalogue_that_lacks_a_message_is_noticed(tmp_path: object) -> None:
    with (LOCALE / "en.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    text = (LOCALE / "en.po").read_text(encoding="utf-8")
    folder = LOCALE.__class__(str(tmp_path))
    (folder / "en.po").write_text(text.replace('msgid "Buzón"\nmsgstr "Inbox"\n', ""), encoding="utf-8")
    assert catalogue.get("Buzón") is not None
    with pytest.raises(PageNotBuilt, match="Buzón"):
        whole_languages(folder)


def test_values_are_put_into_messages_of_both_languages() -> None:
    spanish, english = languages()["es"], languages()["en"]
    assert spanish.say("Reporte {number}", number=3) == "Reporte 3"
    assert english.say("Reporte {number}", number="{x}") == "Report {x}"
    assert english.say("nobody has translated this") == "nobody has translated this"


def test_every_file_of_the_pages_is_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["forwarder.desk.web"]
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert len(files) > 25
    assert [path for path in files if not any(path.relative_to(FOLDER).match(one) for one in patterns)] == []
