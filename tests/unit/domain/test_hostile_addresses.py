"""Header addresses that were made to hurt."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.addresses import canonical, normalise, read_addresses, read_sender

MEGABYTE = 1 << 20

PIECES = st.sampled_from(
    (
        *(
            "a@b.example",
            "<",
            ">",
            "@",
            ",",
            ";",
            ":",
            '"',
            "(",
            ")",
            "\\",
            "[",
            "]",
            ".",
            " ",
            "\r\n ",
            "\0",
            "x",
            "+",
            "\t",
        ),
        *(
            "=?utf-8?q?",
            "?=",
            "=?utf-8?b?QQ==?=",
            "=40",
            "ü",
            "xn--",
            "\u202e",
            "\uff20",
            "\ud800",
            "bob@client.example",
        ),
    )
)
VALUES = st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join))


@given(VALUES)
def test_no_value_raises_and_all_that_is_read_is_in_normal_form(value: str) -> None:
    read_sender([value, value])
    for one in read_addresses(value).people:
        assert normalise(one.address) == one.address
        assert canonical(canonical(one.address)) == canonical(one.address)
        assert not set(one.name) & {"\r", "\n", "\0", "\u2028"}
        assert len(one.name) <= 200


@given(st.lists(st.tuples(st.text(max_size=20), st.from_regex(r"[a-z0-9]{1,9}@[a-z]{1,9}\.example", fullmatch=True))))
def test_quoted_names_never_change_who_is_read(people: list[tuple[str, str]]) -> None:
    written = ", ".join('"' + re.sub(r'(["\\])', r"\\\1", name) + f'" <{address}>' for name, address in people)
    found = read_addresses(written)
    addresses = [one.address for one in found.people]
    if found.ambiguous:
        assert set(addresses) <= {address for _, address in people}
    else:
        assert addresses == [address for _, address in people]


BOMBS = {
    "3,000 parentheses": "(" * 3000,
    "a megabyte of parentheses": "(" * MEGABYTE,
    "balanced parentheses": "(" * (MEGABYTE // 2) + ")" * (MEGABYTE // 2) + "a@b",
    "escaped quotes": '"' + '\\"' * (MEGABYTE // 2),
    "colons": ":" * MEGABYTE,
    "commas": "," * MEGABYTE,
    "ats": "@" * MEGABYTE,
    "a name of ats": '"' + "a@b " * (MEGABYTE // 4) + '" <c@d>',
    "addresses": "a@b," * (MEGABYTE // 4),
    "encoded words begun": "=?utf-8?q?" * (MEGABYTE // 10),
    "encoded words of many charsets": "".join(f"=?x{i}?q?a?= " for i in range(60_000)) + "<a@b>",
    "routes": "<" + "@a," * (MEGABYTE // 3) + ":b@c>",
    "brackets": "[a" * (MEGABYTE // 2),
    "dots": "a." * (MEGABYTE // 2) + "@b",
    "combining marks": '"@' + "\u0301\u0327" * (MEGABYTE // 2) + '" <a@b>',
    "folds": "\r\n " * (MEGABYTE // 3),
    "IDN domains": ",".join(f"a@ü{i}.example" for i in range(20_000)),
}


@pytest.mark.parametrize("value", BOMBS.values(), ids=BOMBS)
def test_T17_hostile_headers_take_linear_time(value: str) -> None:
    began = time.process_time()
    read_addresses(value)
    assert time.process_time() - began < 2


def test_T17_20000_recipients_are_all_read() -> None:
    found = read_addresses(", ".join(f'"Person {i}" <p{i}@host{i}.example>' for i in range(20_000)))
    assert (len(found.people), found.ambiguous) == (20_000, False)
