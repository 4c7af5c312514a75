"""Which addresses are no person's."""

import pytest

from shared.domain.addresses import Address
from shared.domain.machines import answers_to_nobody


@pytest.mark.parametrize(
    "local",
    [
        "mailer-daemon",
        "mailerdaemon",
        "postmaster",
        "bounce",
        "bounces+ann=client.example",
        "noreply",
        "no-reply",
        "no.reply",
        "calendar-noreply",
        "noreply2",
        "do-not-reply",
        "donotreply",
        "news_do_not_reply",
    ],
)
def test_R57_machines(local: str) -> None:
    assert answers_to_nobody(Address(f"{local}@other.example"))


@pytest.mark.parametrize("local", ["ann", "reply", "eleanor.eply", "nora.reply", "bouncer", "postmasters", "info", "x"])
def test_R57_people(local: str) -> None:
    assert not answers_to_nobody(Address(f"{local}@noreply.example"))
