"""How an inbox lies in its tables, and how one of an older version becomes one of this version.

What lists and filters need stands in columns of its own, written when a report is stored, so that no list has to read
a report. Bringing an inbox up happens whole or not at all; broken off, it begins again at the next opening. The tables
themselves refuse to lose a report, a note or a line of history.
"""

from typing import Any, Final

from crypto.errors import Malformed
from crypto.report import Report
from forwarder.desk import own_keys
from forwarder.desk.database import Database
from forwarder.desk.errors import NotOpened, Unreadable
from forwarder.desk.folding import telling_words, words
from forwarder.desk.publish.tables import CHANNELS, LAST_VERSION, PUBLICATIONS, TOPIC_NAMES

VERSION: Final = 5
OPENING_MAX: Final = 160
TELLING_MAX: Final = 120

# Not called as in version 1: a program of that version that still runs must fail, and say so, before it counts a bundle
# as taken. The wire stands last: a row's first columns can be read without what follows them.
_REPORTS: Final = (
    """CREATE TABLE received (number INTEGER PRIMARY KEY, nonce TEXT UNIQUE NOT NULL, round INTEGER NOT NULL,
        topic TEXT NOT NULL, place TEXT NOT NULL, happened TEXT NOT NULL, attachments INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'new', assigned TEXT NOT NULL DEFAULT '', incident INTEGER REFERENCES incidents,
        opening TEXT NOT NULL, telling TEXT NOT NULL, wire BLOB NOT NULL) STRICT""",
    *(
        f"CREATE INDEX received_by_{column} ON received ({column}, number)"
        for column in ("round", "topic", "place", "state", "assigned", "incident")
    ),
    "CREATE INDEX received_with_attachments ON received (number) WHERE attachments > 0",
    """CREATE TABLE wanted (part TEXT NOT NULL, report INTEGER NOT NULL, attachment INTEGER NOT NULL,
        PRIMARY KEY (report, attachment, part)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX wanted_by_part ON wanted (part)",
    "CREATE VIRTUAL TABLE words USING fts5 (text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 0')",
)
_CASEWORK: Final = (
    """CREATE TABLE incidents (number INTEGER PRIMARY KEY, state TEXT NOT NULL DEFAULT 'new',
        assigned TEXT NOT NULL DEFAULT '', merged_into INTEGER REFERENCES incidents) STRICT""",
    """CREATE TABLE partners (incident INTEGER NOT NULL REFERENCES incidents, name TEXT NOT NULL,
        PRIMARY KEY (incident, name)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE apart (first INTEGER NOT NULL, second INTEGER NOT NULL, PRIMARY KEY (first, second))
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE tags (tag TEXT NOT NULL, kind TEXT NOT NULL, subject INTEGER NOT NULL,
        PRIMARY KEY (kind, subject, tag)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX tags_by_tag ON tags (tag, kind, subject)",
    """CREATE TABLE history (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject INTEGER NOT NULL,
        day TEXT NOT NULL, colleague TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL) STRICT""",
    "CREATE INDEX history_by_subject ON history (kind, subject, number)",
    """CREATE VIRTUAL TABLE note_words USING fts5 (text, content='', columnsize=0,
        tokenize='unicode61 remove_diacritics 0')""",
    *(
        f"CREATE TRIGGER {table}_stay BEFORE DELETE ON {table} BEGIN SELECT raise(ABORT, 'nothing is deleted'); END"
        for table in ("received", "incidents", "history")
    ),
    """CREATE TRIGGER received_as_it_came BEFORE UPDATE OF number, nonce, round, wire ON received
        BEGIN SELECT raise(ABORT, 'a report stays as it came'); END""",
    """CREATE TRIGGER history_is_not_rewritten BEFORE UPDATE ON history
        BEGIN SELECT raise(ABORT, 'history is not rewritten'); END""",
)
_RECEIVED: Final = (
    "CREATE TABLE parts (name TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE bundles (class INTEGER NOT NULL, round INTEGER NOT NULL, digest BLOB NOT NULL,
        forged INTEGER NOT NULL, malformed INTEGER NOT NULL, PRIMARY KEY (class, round)) STRICT, WITHOUT ROWID""",
)
# Since version 3: what the desk asks relays for, what it says to other desks and they to it; `own_keys` are the secrets
# that it does that with (own_keys.py).
_GOING_OUT: Final = (
    "CREATE TABLE own_keys (name TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE beginning (one INTEGER PRIMARY KEY CHECK (one = 1), round INTEGER NOT NULL) STRICT",
    """CREATE TABLE not_kept (class INTEGER NOT NULL, round INTEGER NOT NULL, PRIMARY KEY (class, round))
        STRICT, WITHOUT ROWID""",
    "CREATE TABLE directory (one INTEGER PRIMARY KEY CHECK (one = 1), signed BLOB NOT NULL) STRICT",
    """CREATE TABLE words_out (number INTEGER PRIMARY KEY, incident INTEGER NOT NULL REFERENCES incidents,
        partner TEXT NOT NULL, topic TEXT NOT NULL, place TEXT NOT NULL, bucket INTEGER NOT NULL,
        several INTEGER NOT NULL, due INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0,
        UNIQUE (incident, partner)) STRICT""",
    """CREATE TABLE words_in (number INTEGER PRIMARY KEY, wire BLOB UNIQUE NOT NULL, recipient BLOB NOT NULL,
        round INTEGER NOT NULL, pending INTEGER NOT NULL, incident INTEGER REFERENCES incidents) STRICT""",
)


def known(version: int) -> None:
    """Raises NotOpened on a version that is neither this one nor one that can be brought up."""
    if not 0 < version <= VERSION:
        raise NotOpened("the inbox was never finished, or is of a version that we do not know")


def lay_out(database: Database) -> None:
    """The tables of a new inbox."""
    with database.change() as opened:
        _execute(opened, *_RECEIVED, *_REPORTS, *_CASEWORK)
        for step in _STEPS.values():
            step(opened)
        _execute(opened, f"PRAGMA user_version = {VERSION}")


def bring_up(database: Database) -> None:
    """Make an inbox of an older version one of this version, with everything in it. Raises NotStored or Unreadable, and
    then it is as it was."""
    if database.version == VERSION:
        return
    with database.change() as opened:
        # Another program of this desk may have been faster.
        version = database.version
        if version == 1:
            _from_version_1(opened)
        for since, step in _STEPS.items():
            if version < since:
                step(opened)
        _execute(opened, f"PRAGMA user_version = {VERSION}")


def _from_version_1(opened: Any) -> None:  # noqa: ANN401
    _execute(opened, *_REPORTS, *_CASEWORK)
    for number, round_number, wire in opened.execute("SELECT number, round, wire FROM reports ORDER BY number"):
        try:
            report = Report.decode(wire)
        except Malformed as error:
            raise Unreadable(f"report {number} of the inbox is damaged: {error}") from error
        store(opened, report, round_number=round_number, wire=wire, number=number)
    _execute(opened, "DROP TABLE reports")


def _to_version_3(opened: Any) -> None:  # noqa: ANN401
    _execute(opened, *_GOING_OUT)
    own_keys.make(opened)


def _to_version_4(opened: Any) -> None:  # noqa: ANN401
    _execute(opened, *PUBLICATIONS, *CHANNELS)


def _to_version_5(opened: Any) -> None:  # noqa: ANN401
    _execute(opened, LAST_VERSION, TOPIC_NAMES)


# What each version after the second one added; a new inbox takes every step too.
_STEPS: Final = {3: _to_version_3, 4: _to_version_4, 5: _to_version_5}


def store(opened: Any, report: Report, *, round_number: int, wire: bytes, number: int | None = None) -> None:  # noqa: ANN401
    """Put a report into its tables; a second copy, known by its nonce, changes nothing."""
    stored = opened.execute(
        "INSERT INTO received (number, nonce, round, topic, place, happened, attachments, opening, telling, wire)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (nonce) DO NOTHING",
        (
            number,
            report.nonce,
            round_number,
            report.topic,
            report.place,
            report.when.value,
            len(report.attachments),
            report.text[:OPENING_MAX],
            " ".join(list(dict.fromkeys(telling_words(report.text)))[:TELLING_MAX]),
            wire,
        ),
    )
    if not stored.rowcount:
        return
    number = stored.lastrowid
    folded = " ".join(words(f"{report.text} {report.where}"))
    opened.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (number, folded))
    opened.executemany(
        "INSERT OR IGNORE INTO wanted (part, report, attachment) VALUES (?, ?, ?)",
        [
            (part, number, place)
            for place, attachment in enumerate(report.attachments, start=1)
            for part in attachment.parts
        ],
    )


def _execute(opened: Any, *statements: str) -> None:  # noqa: ANN401
    for statement in statements:
        opened.execute(statement)
