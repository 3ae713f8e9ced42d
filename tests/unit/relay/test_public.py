"""A directory replaces the one in use only when it is newer, trusted and of the same shape."""

import hashlib
import io
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from crypto import directory as directories
from crypto.directory import BundleSizes, Directory, Relay, TrustedDirectory
from crypto.layers import RoundKey, RoundNumber
from onion_service import answers, site
from relay.journal import Journal
from relay.public import Public
from relay.start import StartError, read_directory
from tests.rig import ONION, Rig

NOW = int(time.time())


@dataclass(slots=True)
class Given:
    rig: Rig
    journal: io.StringIO = field(default_factory=io.StringIO)
    public: Public = field(init=False)

    def __post_init__(self) -> None:
        settings = self.rig.write()
        trusted = read_directory(
            settings.directory_file,
            root=settings.config.root,
            identity=self.rig.relay.signing.verifying_key,
            now=NOW,
        )
        self.public = Public(trusted, identity=self.rig.relay.signing, journal=Journal(self.journal))

    @property
    def path(self) -> Path:
        return self.rig.folder / "directory.signed"

    def version(self) -> int:
        """The version that is announced now."""
        self.public.turn(RoundKey.generate(RoundNumber(7)))
        signed, _ = directories.read_answer(self.public.directory().content)
        return TrustedDirectory.read(signed, root=self.rig.root.signing.verifying_key, now=0).directory.version

    def offer(self, directory: Directory, *, now: int = NOW) -> None:
        self.path.write_bytes(directories.sign(directory, self.rig.root))
        self.public.refresh(self.path, now=now)


@pytest.fixture
def relay(tmp_path: Path) -> Given:
    return Given(Rig(tmp_path / "relay"))


def test_a_newer_directory_is_taken_and_told(relay: Given) -> None:
    assert relay.version() == 1
    relay.offer(relay.rig.directory(version=5))
    assert relay.version() == 5
    assert relay.journal.getvalue() == "veladora: took directory version 5\n"


def test_a_directory_may_name_more_of_the_site_than_the_page(relay: Given) -> None:
    relay.offer(_shape(relay.rig.directory(version=2), site=relay.rig.directory().site | {"/alerts/": "0" * 64}))
    assert relay.version() == 2


def test_the_same_directory_is_nothing_to_speak_of(relay: Given) -> None:
    relay.public.refresh(relay.path, now=NOW)
    assert relay.journal.getvalue() == ""


def test_a_directory_that_has_expired_meanwhile_is_told_at_each_edge_and_stays(relay: Given) -> None:
    for _ in range(2):
        relay.public.refresh(relay.path, now=NOW + 10**6)
    assert relay.version() == 1
    assert relay.journal.getvalue().count("has expired: sign a newer one") == 2


def _shape(directory: Directory, **changes: object) -> Directory:
    return msgspec.structs.replace(directory, **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 1, "attachments_max": 5}, "two different directories"),
        ({"version": 9, "expires": NOW - 1}, "expired already"),
        ({"version": 9, "round_seconds": 900}, "restart the relay"),
        ({"version": 9, "bundle": BundleSizes(letters=9, parcels=4, parcel_every=2)}, "restart the relay"),
        ({"version": 9, "site": {"/": "0" * 64}}, "restart the relay with the version"),
        ({"version": 9, "site": {}}, "restart the relay with the version"),
        ({"version": 9, "route": [Relay(id="0" * 64, name="other", onion=ONION)]}, "restart the relay"),
    ],
)
def test_a_directory_that_cannot_replace_the_old_one_is_refused_and_told(
    relay: Given, changes: dict[str, object], said: str
) -> None:
    relay.offer(_shape(relay.rig.directory(), **changes))
    assert relay.version() == 1
    assert relay.journal.getvalue().startswith("veladora: kept the old directory: ")
    assert said in relay.journal.getvalue()


def test_an_older_directory_is_refused(relay: Given) -> None:
    relay.offer(relay.rig.directory(version=5))
    relay.offer(relay.rig.directory(version=4))
    assert relay.version() == 5
    assert "version 4 is older than 5" in relay.journal.getvalue()


@pytest.mark.parametrize("content", [b"", b"veladora-directory-v1\n", b"\xff" * 400])
def test_a_file_that_is_no_directory_is_refused(relay: Given, content: bytes) -> None:
    relay.path.write_bytes(content)
    relay.public.refresh(relay.path, now=NOW)
    assert relay.version() == 1
    assert relay.journal.getvalue().startswith("veladora: kept the old directory: ")


def test_a_directory_of_another_root_is_refused(relay: Given, tmp_path: Path) -> None:
    stranger = Rig(tmp_path / "other", relay=relay.rig.relay, partners=relay.rig.partners)
    relay.path.write_bytes(directories.sign(relay.rig.directory(version=9), stranger.root))
    relay.public.refresh(relay.path, now=NOW)
    assert relay.version() == 1
    assert "signature does not hold" in relay.journal.getvalue()


def test_a_missing_file_is_told_and_the_old_one_stays(relay: Given) -> None:
    relay.path.unlink()
    relay.public.refresh(relay.path, now=NOW)
    assert relay.version() == 1
    assert relay.journal.getvalue() == "veladora: kept the old directory: No such file or directory\n"


def test_every_event_stays_on_one_line(relay: Given) -> None:
    relay.path.write_bytes(directories.FIRST_LINE + b"a\nb\n" * 40)
    relay.public.refresh(relay.path, now=NOW)
    assert relay.journal.getvalue().count("\n") == 1


def test_before_the_first_round_the_directory_is_unavailable(relay: Given) -> None:
    assert relay.public.directory() is answers.UNAVAILABLE


def test_an_answer_is_the_same_object_until_the_round_turns(relay: Given) -> None:
    relay.public.turn(RoundKey.generate(RoundNumber(7)))
    first = relay.public.directory()
    assert relay.public.directory() is first
    assert relay.public.page() is relay.public.page()
    assert len(relay.public.page().content) == site.PAGE_LEN
    assert len(first.content) % directories.ANSWER_STEP == 0


def test_hash_lists_are_there_for_as_long_as_their_bundles(relay: Given) -> None:
    for number in (1, 2, 3):
        relay.public.add_round(RoundNumber(number), b"list %d" % number)
    relay.public.forget_rounds({RoundNumber(2), RoundNumber(3)})
    assert relay.public.round_hashes(RoundNumber(1)) is answers.NOT_FOUND
    assert relay.public.round_hashes(RoundNumber(2)).content == b"list 2"


def test_the_page_is_the_one_that_the_directory_names(relay: Given) -> None:
    page = relay.public.page().content
    assert relay.rig.directory().site == {"/": hashlib.sha256(page).hexdigest()}
    assert relay.rig.root.public.hex().encode() in page


def _read(rig: Rig, *, now: int = NOW) -> TrustedDirectory:
    return read_directory(
        rig.folder / "directory.signed",
        root=rig.root.signing.verifying_key,
        identity=rig.relay.signing.verifying_key,
        now=now,
    )


def test_the_start_names_what_is_wrong_with_the_directory(relay: Given, tmp_path: Path) -> None:
    assert _read(relay.rig).directory.version == 1
    with pytest.raises(StartError, match="expired"):
        _read(relay.rig, now=NOW + 10**6)
    with pytest.raises(StartError, match="signature does not hold"):
        _read(replace(relay.rig, root=Rig(tmp_path).root))
    with pytest.raises(StartError, match="does not name this relay"):
        _read(replace(relay.rig, relay=Rig(tmp_path).relay))
    two = [*relay.rig.directory().route, Relay(id="0" * 64, name="other", onion=ONION)]
    relay.offer(_shape(relay.rig.directory(), route=two))
    with pytest.raises(StartError, match="alone on its route"):
        _read(relay.rig)
    for other in ({}, {"/": "0" * 64}, {"/index.html": relay.rig.directory().site["/"]}):
        relay.path.write_bytes(directories.sign(_shape(relay.rig.directory(), site=other), relay.rig.root))
        with pytest.raises(StartError, match=f"veladora directory site {relay.rig.root.public.hex()}"):
            _read(relay.rig)
    relay.path.write_bytes(b"nonsense")
    with pytest.raises(StartError, match="not a signed directory"):
        _read(relay.rig)
    relay.path.unlink()
    with pytest.raises(StartError, match="veladora directory sign"):
        _read(relay.rig)
