"""What a person decided is kept whole: the version, the incident's state, its history, and what channels have to say.

All of it lies in one change of the inbox, so after a crash there is all of it or nothing (docs/spec/alerts.md).
"""

from typing import Any, Final

from forwarder.desk.casework import By, Casework, Deed, Kind, Subject, note_text, write_line
from forwarder.desk.channels.queue import enqueue
from forwarder.desk.errors import MergedAway, ReasonMissing
from forwarder.desk.publish.drafts import Act, Draft
from forwarder.desk.publish.stored import write_alert
from forwarder.desk.publish.topics import note_name
from forwarder.desk.triage import STEPS, State

_STATES: Final = {Act.PUBLISH: State.PUBLISHED, Act.CORRECT: State.CORRECTED, Act.WITHDRAW: State.WITHDRAWN}


def keep(opened: Any, casework: Casework, draft: Draft, *, by: By, note: str) -> None:  # noqa: ANN401
    """Inside a change: `draft` is the current version. `note`: why, for a correction or a withdrawal. Raises
    ReasonMissing, and then the change must be undone."""
    alert, subject = draft.alert, Subject(Kind.INCIDENT, draft.incident)
    kept = opened.execute(
        "INSERT INTO alerts (incident, id, version, wire, confirmed_by, place, hurry) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            draft.incident,
            alert.id,
            alert.version,
            write_alert(alert),
            draft.confirmed_by,
            draft.wording.place,
            draft.leave.override if draft.leave else "",
        ),
    )
    note_name(opened, alert.topic, draft.named)
    opened.execute("DELETE FROM waiting WHERE incident = ?", (draft.incident,))
    _take_step(opened, casework, subject, _STATES[draft.act], by=by, note=note)
    write_line(opened, subject, Deed.ISSUED, f"{alert.id} {alert.version}", by=by)
    enqueue(opened, alert_row=int(kept.lastrowid), alert=alert)


def _take_step(opened: Any, casework: Casework, subject: Subject, after: State, *, by: By, note: str) -> None:  # noqa: ANN401
    """The incident's state follows its alert, where the table of steps knows the way; a reason is always asked."""
    if after is not State.PUBLISHED and not note.strip():
        raise ReasonMissing(State.PUBLISHED.value, after.value)
    try:
        before = casework.standing(subject).state
    except MergedAway:
        return
    if (before, after) in STEPS:
        casework.step_within(opened, subject, after, by=by, note=note)
    elif note.strip():
        write_line(opened, subject, Deed.NOTED, note_text(note), by=by)
