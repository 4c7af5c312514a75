"""Names of attached files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.filename import LONGEST, shown_filename

NAMES = {
    "report.pdf": "report.pdf",
    "../../etc/passwd": "passwd",
    "..\\..\\boot.ini": "boot.ini",
    "/absolute/name.txt": "name.txt",
    "C:\\Users\\ada\\plan.doc": "plan.doc",
    "C:plan.doc": "C_plan.doc",
    "a\0b\r\nc.txt": "abc.txt",
    "invoice\u202efdp.exe": "invoicefdp.exe",
    "name.txt. . ": "name.txt",
    "what?*<now>|.txt": "what__ _now__.txt".replace(" ", ""),
    "CON": "_CON",
    "lpt1.txt": "_lpt1.txt",
    "console.txt": "console.txt",
    "  two   words .txt": "two words .txt",
    "..": "",
    "dir/": "",
    "\u200b": "",
    "": "",
    "日本語.pdf": "日本語.pdf",
    "e\u0301t\u00e9.txt": "été.txt",
    "\ud800.txt": ".txt",
    "x" * 300 + ".pdf": "x" * 196 + ".pdf",
    "é" * 300 + ".pdf": "é" * 98 + ".pdf",
    "x." + "y" * 300: "x." + "y" * 198,
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items(), ids=map(ascii, NAMES))
def test_T21_names_are_reduced_to_what_is_safe_to_show(name: str, expected: str) -> None:
    assert shown_filename(name) == expected


@given(st.text())
def test_T21_shown_names_are_safe_and_stay_as_they_are(name: str) -> None:
    shown = shown_filename(name)
    assert shown_filename(shown) == shown
    assert not set(shown) & set('/\\:*?"<>|\0\r\n')
    assert len(shown.encode()) <= LONGEST
