"""Our marker on a mail: read only if it is there once and truly ours."""

import pytest

from shared.domain.headers import Headers
from shared.domain.identifiers import MessageId
from shared.domain.marker import HEADER, entry_of, marker
from tests.fakes.sealer import FakeSealer

SEALER = FakeSealer()
ENTRY = MessageId("0123abc")
OURS = marker(ENTRY, SEALER)


def test_r10_a_mail_with_our_marker_names_its_entry() -> None:
    assert entry_of(Headers.of([("Subject", "x"), (HEADER.upper(), f" {OURS} ")]), SEALER) == ENTRY


@pytest.mark.parametrize(
    "values",
    [
        [],
        [OURS, OURS],
        [OURS, ""],
        [OURS.replace("0123abc", "0123abd")],
        [OURS[:-1]],
        [OURS + "0"],
        ["." + OURS.partition(".")[2]],
        [f"{ENTRY}.{SEALER.sign(ENTRY, purpose='other')}"],
        [f"x {OURS}"],
        ["a" * 100_000],
    ],
)
def test_anything_else_names_nothing(values: list[str]) -> None:
    assert entry_of(Headers.of((HEADER, value) for value in values), SEALER) is None
