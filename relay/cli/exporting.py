"""`veladora desk export-alerts`: what is published, as a table for the tools that organisations work with.

Reports' texts are in it only when a person asks for them in so many words; from then on only that disk protects them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli.console import MISUSED, answer, fail, say
from relay.cli.unlocking import HERE, FolderOption, PassphraseFd, explained, safe_opening, unlocked

if TYPE_CHECKING:
    from forwarder.desk.program import Desk
    from forwarder.desk.publish.exports import Row
    from forwarder.desk.sandbox import Sandbox


def export_alerts(
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="uwazi or ushahidi.")],
    into: Annotated[Path, typer.Argument(metavar="FILE", help="The table to write; it must not be there yet.")],
    language: Annotated[
        list[str] | None, typer.Option("--language", help="es or en; may be given twice, for Uwazi.")
    ] = None,
    with_reports: Annotated[
        bool, typer.Option("--with-reports", help="Also the texts of the reports. They are not encrypted there.")
    ] = False,
    folder: FolderOption = HERE,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Write what is published as a table that Uwazi or Ushahidi imports. The file is not encrypted."""
    from forwarder.desk.errors import AlreadyThere
    from forwarder.desk.publish.exports import Tool, table
    from forwarder.durable import write_durably

    if tool not in {one.value for one in Tool}:
        fail(f"there is no table for {tool!r}", hint="uwazi or ushahidi", code=MISUSED)
    with unlocked(folder, passphrase_fd) as desk, explained():
        if into.exists() or into.is_symlink():
            raise AlreadyThere(into)
        languages = language or list(desk.settings.config.publish.languages)
        if not set(languages) <= set(desk.settings.config.publish.languages):
            fail("this desk does not publish in that language", hint="see `languages` in desk.toml", code=MISUSED)
        rows = list(_rows(desk, with_reports=with_reports))
        write_durably(into, [table(Tool(tool), rows, languages=languages, with_reports=with_reports)])
    answer(str(into))
    say(f"Wrote {len(rows)} alert(s), not encrypted. docs/partner.md says which column is which.")
    if with_reports:
        say("The texts of reports are in it: give it to nobody who should not read them, and delete it after import.")


def _rows(desk: "Desk", *, with_reports: bool) -> "list[Row]":
    from forwarder.desk.publish.exports import Row

    alerts = desk.alerts()
    if not with_reports:
        return [Row(alert) for _, alert in alerts]
    sandbox = safe_opening()
    return [Row(alert, _texts(desk, incident, sandbox)) for incident, alert in alerts]


def _texts(desk: "Desk", incident: int, sandbox: "Sandbox") -> str:
    """The texts of an incident's reports that count, opened in the sandbox like any other."""
    from forwarder.desk.errors import MergedAway
    from forwarder.desk.incidents import Incidents

    try:
        counting = Incidents(desk.inbox.database).incident(incident).counting
    except MergedAway:
        return ""
    texts = [desk.inbox.entry(number).report.text for number in counting]
    return "\n\n".join(sandbox.list_of_texts(texts))
