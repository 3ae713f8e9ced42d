"""What is said of every alert in the same words everywhere: how sure it is, and since when it was known.

Pure: no clock, no disk, no chance.
"""

from typing import Final

from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.moments import span
from forwarder.desk.publish.safety import Confidence

CONFIDENCE: Final = {
    "es": {
        Confidence.UNCONFIRMED: "sin confirmar",
        Confidence.CONFIRMED_BY_ONE: "confirmada por una organización",
        Confidence.CONFIRMED_BY_SEVERAL: "confirmada por varias organizaciones",
    },
    "en": {
        Confidence.UNCONFIRMED: "not confirmed",
        Confidence.CONFIRMED_BY_ONE: "confirmed by one organisation",
        Confidence.CONFIRMED_BY_SEVERAL: "confirmed by several organisations",
    },
}
# The bucket is that of a report. When a thing happened only the words can say.
_REPORTED: Final = {"es": "reportada entre {} y {} (UTC)", "en": "reported between {} and {} (UTC)"}


def confidence_line(alert: Alert, language: str) -> str:
    """How sure an alert is: `confirmada por una organización`; empty of what is withdrawn."""
    return "" if alert.confidence is None else CONFIDENCE[language][alert.confidence]


def reported_line(alert: Alert, language: str) -> str:
    """In which six hours the first report came: `reportada entre … y … (UTC)`."""
    return _REPORTED[language].format(*span(alert.when))


def about(alert: Alert, language: str) -> list[str]:
    """What is said of every alert: how sure it is, if it is not withdrawn, and since when it was known."""
    return [line for line in (confidence_line(alert, language), reported_line(alert, language)) if line]
