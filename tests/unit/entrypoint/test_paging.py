"""Pages: a limit, and a cursor that only we make."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.identifiers import ID
from shared.entrypoint import paging
from shared.errors import Rejected

NAMES = st.text("abcXYZ019_-", min_size=1, max_size=128).filter(ID.match)


LIST = "/locations/here/conversations"


def made(value: int, name: str, path: str = LIST, **query: str) -> str:
    return paging.asked(path, query).cursor(value, name)


@given(st.integers(0, 2**53 - 1), NAMES)
def test_a_cursor_leads_to_where_it_was_made(value: int, name: str) -> None:
    page = paging.asked(f"{LIST}/", {"cursor": made(value, name, limit="5")})
    assert (page.limit, page.after) == (100, (value, name))


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/locations/here/quarantine", {}),
        ("/locations/there/conversations", {}),
        (LIST, {"changed_since": "2026-11-02T09:00:00Z"}),
    ],
)
def test_T13_a_cursor_of_another_list_is_refused(path: str, query: dict[str, str]) -> None:
    with pytest.raises(Rejected, match="another list"):
        paging.asked(path, {**query, "cursor": made(1, "a")})


@pytest.mark.parametrize(("text", "limit"), [("1", 1), ("99", 99), ("100", 100)])
def test_the_limit_is_as_asked(text: str, limit: int) -> None:
    assert paging.asked(LIST, {"limit": text}).limit == limit


def test_a_page_has_100_items_unless_told() -> None:
    page = paging.asked(LIST, {})
    assert (page.limit, page.after) == (100, None)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.0", "", " 1", "1e1", "abc", "٣", "²", "9" * 5_000])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    with pytest.raises(Rejected, match="limit"):
        paging.asked(LIST, {"limit": limit})


OF = f', "{paging.asked(LIST, {}).of}"]'.encode()


def made_up(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "%%%%",
        made_up(b"{}"),
        made_up(b"[1]"),
        made_up(b'[1, "a", 2]'),
        made_up(b'[1, "a"]'),
        made_up(b'["1", "a"' + OF),
        made_up(b'[-1, "a"' + OF),
        made_up(b'[1.5, "a"' + OF),
        made_up(b'[9007199254740992, "a"' + OF),
        made_up(b'[1, ""' + OF),
        made_up(b'[1, "a/b"' + OF),
        made_up(b'[1, ".."' + OF),
        made_up(b'[1, "__a__"' + OF),
        made_up(b'[1, "a\\n"' + OF),
        made_up(b"[" * 50_000),
        made_up(b"\xff"),
    ],
)
def test_T13_a_cursor_that_no_list_gave_is_refused(cursor: str) -> None:
    with pytest.raises(Rejected, match="cursor"):
        paging.asked(LIST, {"cursor": cursor})
