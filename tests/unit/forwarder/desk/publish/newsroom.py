"""A desk's inbox with incidents in it, for the tests of what leaves it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crypto.directory import Words
from crypto.keys import AlertsKey
from crypto.report import Report
from crypto.signing import SigningKey
from forwarder.desk import schema
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.config import Config, PublishSettings, Settings
from forwarder.desk.inbox import Inbox
from forwarder.desk.incidents import Incidents
from forwarder.desk.publications import Publications, Published, Rules
from forwarder.desk.publish.alert import Words as Spoken
from forwarder.desk.publish.drafts import Draft
from forwarder.desk.publish.place import Place
from forwarder.desk.publish.safety import Policy
from forwarder.desk.publish.stored import Wording
from forwarder.desk.triage import State
from forwarder.places.gazetteer import Gazetteer, Listed, Region, Source
from tests.unit.forwarder.desk.given import CHEAP, PARTNER, PASSPHRASE, RELAY_SETTINGS, TODAY
from tests.unit.forwarder.given import ROUND_SECONDS

ANA: Final = By(TODAY, "Ana")
HOURS: Final = 3_600 // ROUND_SECONDS
FIRST: Final = 2_200_000
NOW: Final = (FIRST + 100 * HOURS) * ROUND_SECONDS + 77
PLACES: Final = {
    "mx-centro": Place("mx-centro", 19.43, -99.13),
    "mx-cerca": Place("mx-cerca", 19.43, -99.13),
    "mx-ecatepec": Place("mx-ecatepec", 19.6, -99.05),
    "mx-tijuana": Place("mx-tijuana", 32.51, -117.04),
}
WORDS: Final = {
    "es": Spoken("Retén en la carretera", "Hombres armados detienen coches.", "No vaya."),
    "en": Spoken("Roadblock", "Armed men stop cars.", "Do not go."),
}
SORRY: Final = {"es": Spoken("No era cierto", "La alerta era falsa."), "en": Spoken("Not true", "The alert was false.")}
BETTER: Final = {"es": Spoken("Retén, ya sin armas", "Sólo revisan."), "en": Spoken("Checkpoint", "They only check.")}
KEY: Final = AlertsKey(SigningKey(bytes(range(7, 39))))


def listing() -> Gazetteer:
    """The places of these tests as a file has them."""
    places = tuple(Listed(one.id, one.latitude, one.longitude, one.id.title(), 0, "mx") for one in PLACES.values())
    whole, source = Words(es="México", en="Mexico"), Source(licence="x", name="x")
    return Gazetteer(whole, places, (Region("mx", "México"),), (source,), 1)


@dataclass
class Newsroom:
    """An inbox; its reports come one bundle after the other."""

    folder: Path
    policy: Policy = field(default_factory=Policy)
    inbox: Inbox = field(init=False)
    reports: int = 0

    def __post_init__(self) -> None:
        self.inbox = Inbox.create(self.folder, passphrase=PASSPHRASE, cost=CHEAP)

    @property
    def settings(self) -> Settings:
        return Settings(Config(partner=PARTNER, relay=RELAY_SETTINGS, publish=PublishSettings()), self.folder)

    @property
    def publications(self) -> Publications:
        return Publications(self.inbox.database, Rules(self.policy, ("es", "en"), ROUND_SECONDS, PLACES))

    @property
    def casework(self) -> Casework:
        return Casework(self.inbox.database)

    @property
    def incidents(self) -> Incidents:
        return Incidents(self.inbox.database)

    def report(self, place: str = "mx-centro", *, round_number: int = FIRST, topic: str = "reten") -> int:
        """One report more; its number."""
        self.reports += 1
        report = Report(text=f"Vi un retén, número {self.reports}", topic=topic, place=place)
        with self.inbox.database.change() as opened:
            schema.store(opened, report, round_number=round_number, wire=report.encode())
        return self.reports

    def incident(
        self, count: int = 3, *, state: State = State.UNCONFIRMED, place: str = "mx-centro", ago: int = 0
    ) -> int:
        """An incident of so many new reports of one place, in this state; `ago`: rounds before the first one's."""
        numbers = [self.report(place, round_number=FIRST - ago) for _ in range(count)]
        number = self.incidents.merge(numbers, by=ANA)
        self.mark(number, State.CHECKING, state)
        return number

    def mark(self, incident: int, *states: State) -> None:
        for state in states:
            if state is not self.state(incident):
                self.casework.mark(Subject(Kind.INCIDENT, incident), state, by=ANA, note="porque sí")

    def state(self, incident: int) -> State:
        return self.casework.standing(Subject(Kind.INCIDENT, incident)).state

    def mark_report(self, report: int, *states: State) -> None:
        for state in states:
            self.casework.mark(Subject(Kind.REPORT, report), state, by=ANA, note="porque sí")

    def draft(self, incident: int, *, now: int = NOW, wording: Wording | None = None) -> Draft:
        found = self.publications.draft(incident, wording or Wording(WORDS), now=now)
        assert isinstance(found, Draft), found
        return found

    def publish(self, incident: int, *, now: int = NOW, wording: Wording | None = None) -> Published:
        return self.publications.publish(self.draft(incident, now=now, wording=wording), by=ANA, now=now)

    def correct(self, incident: int, *, now: int = NOW, wording: Wording | None = None) -> Published:
        found = self.publications.correction(incident, wording or Wording(BETTER), now=now)
        assert isinstance(found, Draft), found
        return self.publications.publish(found, by=ANA, now=now, note="se aclaró")

    def withdraw(self, incident: int, *, now: int = NOW) -> Published:
        draft = self.publications.withdrawal(incident, SORRY, now=now)
        return self.publications.publish(draft, by=ANA, now=now, note="era falso")

    def need(self, incident: int, *, now: int = NOW) -> str:
        """What must be done about the alert of an incident, as cause; empty when nothing."""
        (found,) = self.publications.published(now=now, incident=incident)
        return "" if found.need is None else f"{found.need.act.value}: {found.need.cause.value}"

    def lines(self, table: str) -> int:
        return int(self.inbox.database.one(f"SELECT count(*) FROM {table}"))  # noqa: S608
