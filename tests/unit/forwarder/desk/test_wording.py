"""A post says an alert and where to find it, whole or shortened; our part of a wiki page is text and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.channels.wording import BEGIN, END, LONGEST, SHORTEST, in_wikitext, page_text, placed, said
from forwarder.desk.errors import BadChannel
from forwarder.desk.publish.alert import TEXT_MAX, TITLE_MAX, Words, withdraw
from tests.unit.forwarder.desk.publish.given import an_alert
from tests.unit.forwarder.desk.publish.newsroom import WORDS

ADDRESS = f"http://{'a' * 56}.onion/alerts/"


def test_a_post_says_the_alert_and_where_to_find_it() -> None:
    alert = an_alert(words=WORDS)
    words = said(alert, language="es", title_max=250, body_max=0, address=ADDRESS)
    assert words.title == "ALERTA: Retén en la carretera"
    assert words.body.startswith("Hombres armados detienen coches.\n\nNo vaya.\n\nsin confirmar, reportada entre ")
    assert words.body.endswith(f"{ADDRESS}\nid {alert.id} v1")
    one = said(alert, language="en", title_max=0, body_max=0, address="")
    assert one.title == ""
    assert one.body.startswith("ALERT: Roadblock\n\nArmed men")


@pytest.mark.parametrize("body_max", [0, 160])
def test_a_post_that_withdraws_says_no_more_how_sure_it_was(body_max: int) -> None:
    alert = withdraw(an_alert(words=WORDS), words={"es": Words("Alerta falsa", "Era un rumor.")}, now=9_000_000_000)
    words = said(alert, language="es", title_max=0, body_max=body_max, address=ADDRESS)
    assert words.body.startswith("RETIRADA: Alerta falsa")
    assert "confirma" not in words.body
    assert "\n\nreportada entre " in words.body or body_max
    assert f"id {alert.id[:8]}" in words.body
    assert "confirma" not in page_text([alert], language="es", address=ADDRESS)


@given(
    title=st.integers(1, TITLE_MAX),
    text=st.integers(1, TEXT_MAX),
    title_max=st.integers(0, 300),
    body_max=st.integers(1, 9_000),
    address=st.sampled_from(["", ADDRESS]),
)
def test_a_post_fits_and_keeps_what_it_must(title: int, text: int, title_max: int, body_max: int, address: str) -> None:
    alert = an_alert(words={"es": Words("t" * title, "x" * text)})
    try:
        words = said(alert, language="es", title_max=title_max, body_max=body_max, address=address)
    except BadChannel:
        # A title may take half of it.
        least = len(f"sin confirmar\n{address}\nid {alert.id[:8]} v1\n") + SHORTEST
        assert body_max // 2 - 1 < least
        return
    together = f"{words.title}\n{words.body}" if words.title else words.body
    assert len(together) <= min(body_max, LONGEST)
    assert len(words.title) <= title_max
    assert together.startswith("ALERTA: t")
    assert "sin confirmar" in words.body
    assert f"id {alert.id[:8]}" in words.body
    assert address in words.body


def test_a_text_message_of_160_signs_holds_an_alert() -> None:
    words = said(an_alert(words=WORDS), language="es", title_max=0, body_max=160, address=ADDRESS)
    assert len(words.body) <= 160
    assert words.body.startswith("ALERTA: Retén en la carretera")


@given(st.text(max_size=200))
def test_nothing_in_a_wiki_page_is_markup(text: str) -> None:
    assert not set(in_wikitext(text).replace("<br />", "")) & set("<>[]{}|'=*:~_-!\n\"")


def test_a_page_holds_ours_between_marks_and_leaves_the_rest() -> None:
    hostile = {"es": Words("[[Datei:x]] {{borrar}}", "<script>\n* __NOTOC__ ''a'' https://x.example -->")}
    ours = page_text([an_alert(1, words=hostile), an_alert(2, words=WORDS)], language="es", address=ADDRESS)
    assert (ours.count(BEGIN), ours.count(END), ours.count("== ")) == (1, 1, 2)
    for sign in ("[[", "{{", "<script", "__", "''", "://"):
        assert sign not in ours
    page = placed("Lo de otros.\n", ours)
    assert page.startswith("Lo de otros.\n\n" + BEGIN)
    nothing = page_text([], language="es", address="")
    assert placed(page + "\nMás de otros.", nothing) == f"Lo de otros.\n\n{nothing}\n\nMás de otros."
    assert placed("", ours) == ours + "\n"


@given(st.lists(st.sampled_from([BEGIN, END, "Lo de otros.", "\n", "<!--"]), max_size=8))
def test_what_others_wrote_stays_whatever_became_of_the_marks(parts: list[str]) -> None:
    page, ours = "".join(parts), page_text([], language="es", address="")
    once = placed(page, ours)
    assert ours in once
    assert placed(once, ours).count(ours) <= once.count(ours)
    lost = page.count("Lo de otros.") - once.count("Lo de otros.")
    inside = sum(part.rpartition(BEGIN)[2].count("Lo de otros.") for part in page.split(END)[:-1] if BEGIN in part)
    assert lost <= inside
