"""Which published alert must be corrected or taken back, because of what the desk knows by now.

Pure: no clock, no disk, no chance. An alert that says more than may leave now, or something else, is never passed over,
as far as it can be judged by reports of rounds that have ended.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.drafts import Act, Judged
from forwarder.desk.publish.preview import refused
from forwarder.desk.publish.safety import Reason, Refusal
from forwarder.desk.triage import PUBLIC, State


class Cause(Enum):
    """Why something must be done."""

    MAY_NOT_LEAVE = "may not leave"
    PLACE = "place"
    TIME = "time"
    CONFIDENCE = "confidence"
    MARKED = "marked"
    GONE = "gone"


_SAID: Final = {
    "es": {
        Cause.PLACE: "la zona publicada es otra, o más fina, de lo que hoy puede salir: corrija la alerta",
        Cause.TIME: "el tiempo publicado ya no es el de sus reportes: corrija la alerta",
        Cause.CONFIDENCE: "la confianza publicada ya no es la que se sabe: corrija la alerta",
        Cause.MARKED: "el incidente está marcado como «{state}» y su alerta sigue publicada: retírela o corríjala",
        Cause.GONE: "ninguno de sus reportes cuenta ya, o el incidente pasó a ser parte de otro: retire la alerta",
    },
    "en": {
        Cause.PLACE: "the published area is another one, or finer, than may leave today: correct the alert",
        Cause.TIME: "the published time is no longer that of its reports: correct the alert",
        Cause.CONFIDENCE: "the published confidence is no longer what is known: correct the alert",
        Cause.MARKED: 'the incident is marked "{state}" and its alert is still out: withdraw or correct it',
        Cause.GONE: "none of its reports counts any more, or the incident became part of another: withdraw the alert",
    },
}


@dataclass(frozen=True, slots=True)
class Need:
    """What must be done about an alert that is out, and why."""

    act: Act
    cause: Cause
    refusal: Refusal | None = None
    state: State | None = None

    def in_words(self, language: str) -> str:
        """One sentence for a person; `language` is "es" or "en"."""
        if self.refusal is not None:
            also = {"es": "; retire la alerta", "en": "; withdraw the alert"}[language]
            return refused(self.refusal, language=language) + also
        return _SAID[language][self.cause].format(state=self.state.value if self.state else "")


def need(alert: Alert, found: Judged | Refusal | None, *, state: State | None) -> Need | None:
    """What must be done about `alert`, which is out. `found`: what may leave of its incident now, None when no report
    counts; `state`: that of the incident, None when it has become part of another one."""
    if found is None or state is None:
        return Need(Act.WITHDRAW, Cause.GONE)
    if isinstance(found, Refusal) and found.reason is not Reason.IN_THE_FUTURE:
        return Need(Act.WITHDRAW, Cause.MAY_NOT_LEAVE, refusal=found)
    if state not in PUBLIC:
        return Need(Act.WITHDRAW, Cause.MARKED, state=state)
    if isinstance(found, Refusal):
        # A slow clock, or a relay that lied about a round, is no reason to take back what is true.
        return None
    leave = found.leave
    if leave.confidence is not alert.confidence:
        return Need(Act.CORRECT, Cause.CONFIDENCE)
    if not leave.cell.is_within(alert.cell) or alert.cell.resolution > leave.policy.resolution:
        return Need(Act.CORRECT, Cause.PLACE)
    # In a larger area than need be, another time may be right; in the same one it is wrong.
    if leave.cell == alert.cell and leave.when != alert.when and not found.leaves_at:
        return Need(Act.CORRECT, Cause.TIME)
    return None
