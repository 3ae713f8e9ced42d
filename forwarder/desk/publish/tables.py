"""The tables of what a desk has published, what waits, and what goes out through channels.

Pure: statements only. The tables themselves refuse to lose or rewrite a version that was public.
"""

from typing import Final

PUBLICATIONS: Final = (
    # Each version of each alert, as it was or is public; `hurry`: the reason for not waiting.
    """CREATE TABLE alerts (number INTEGER PRIMARY KEY, incident INTEGER NOT NULL REFERENCES incidents,
        id TEXT NOT NULL, version INTEGER NOT NULL, wire BLOB NOT NULL, confirmed_by INTEGER NOT NULL,
        place TEXT NOT NULL, hurry TEXT NOT NULL, UNIQUE (id, version)) STRICT""",
    "CREATE INDEX alerts_by_incident ON alerts (incident, number)",
    """CREATE TRIGGER alerts_stay BEFORE DELETE ON alerts
        BEGIN SELECT raise(ABORT, 'nothing is deleted'); END""",
    """CREATE TRIGGER alerts_are_not_rewritten BEFORE UPDATE ON alerts
        BEGIN SELECT raise(ABORT, 'what was public is not rewritten'); END""",
    # What leaves by itself. `seen`: the digest of what a person saw; `leaves_at`: the beginning of a bucket, in seconds
    # since 1970; `stopped`: why it will not leave by itself.
    """CREATE TABLE waiting (incident INTEGER PRIMARY KEY REFERENCES incidents, wording BLOB NOT NULL,
        seen TEXT NOT NULL, leaves_at INTEGER NOT NULL, colleague TEXT NOT NULL,
        stopped TEXT NOT NULL DEFAULT '') STRICT""",
    # One row: the public key that this desk publishes with, and what the last signed folder was made of.
    """CREATE TABLE publisher (one INTEGER PRIMARY KEY CHECK (one = 1), key TEXT NOT NULL,
        alerts TEXT NOT NULL DEFAULT '', manifest TEXT NOT NULL DEFAULT '') STRICT""",
)
# Since version 5: which version of the list was the last, so that the next one is newer even when the folder is lost.
LAST_VERSION: Final = "ALTER TABLE publisher ADD COLUMN version INTEGER NOT NULL DEFAULT 0"
# Since version 5: what topics were called in the previews of what was published.
TOPIC_NAMES: Final = """CREATE TABLE topic_names (topic TEXT PRIMARY KEY, es TEXT NOT NULL, en TEXT NOT NULL)
    STRICT, WITHOUT ROWID"""
CHANNELS: Final = (
    # `secret`: what opens the account; it is in no other place.
    """CREATE TABLE channels (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        service TEXT NOT NULL, secret TEXT NOT NULL, language TEXT NOT NULL, title_max INTEGER NOT NULL,
        body_max INTEGER NOT NULL, active INTEGER NOT NULL DEFAULT 0) STRICT""",
    """CREATE TABLE posts (number INTEGER PRIMARY KEY, channel INTEGER NOT NULL REFERENCES channels,
        alert INTEGER NOT NULL REFERENCES alerts, state TEXT NOT NULL DEFAULT 'waiting',
        tries INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL DEFAULT 0, UNIQUE (channel, alert)) STRICT""",
    "CREATE INDEX posts_by_state ON posts (state, not_before)",
    # On which pages of a wiki an alert may stand, so that a correction that moves it reaches them all.
    """CREATE TABLE pages (channel INTEGER NOT NULL REFERENCES channels, alert TEXT NOT NULL, title TEXT NOT NULL,
        PRIMARY KEY (channel, alert, title)) STRICT, WITHOUT ROWID""",
)
