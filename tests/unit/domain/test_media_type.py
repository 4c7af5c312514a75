"""Content-Type and Content-Disposition values."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.media_type import Parameterised, parameterised

VALUES: dict[str, tuple[str, dict[str, str]]] = {
    "text/plain": ("text/plain", {}),
    "Text/HTML; CharSet=UTF-8": ("text/html", {"charset": "UTF-8"}),
    'text/plain; charset="utf-8"; format=flowed': ("text/plain", {"charset": "utf-8", "format": "flowed"}),
    'attachment; filename="a; b=\\"c\\".txt"': ("attachment", {"filename": 'a; b="c".txt'}),
    "attachment; filename=two words.txt": ("attachment", {"filename": "two words.txt"}),
    "attachment; filename*=UTF-8''%e2%82%ac.txt": ("attachment", {"filename": "€.txt"}),
    "attachment; filename*=iso-8859-1'en'%A3.txt; filename=plain.txt": ("attachment", {"filename": "£.txt"}),
    "x/y; name*0*=utf-8''a%20; name*1=\"b\"; name*2*=%c3%a9": ("x/y", {"name": "a bé"}),
    "x/y; name*1=b; name*0=a": ("x/y", {"name": "ab"}),
    "x/y; name*0=a; name*2=c": ("x/y", {"name": "a"}),
    "x/y; name*1=b": ("x/y", {}),
    "x/y; name=1; name=2": ("x/y", {"name": "1"}),
    'x/y; name="=?utf-8?q?gr=C3=BCn?="': ("x/y", {"name": "grün"}),
    "x/y;\r\n name=a;\r\n\tcharset=b": ("x/y", {"name": "a", "charset": "b"}),
    "not a type": ("", {}),
    "; charset=x": ("", {"charset": "x"}),
    "": ("", {}),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.items())
def test_parameters_are_read_in_all_their_forms(value: str, expected: tuple[str, dict[str, str]]) -> None:
    assert parameterised(value) == Parameterised(*expected)


@given(st.none() | st.text() | st.text("ab*=0123%;\"'\\ ").map("x/y;".__add__))
def test_any_value_is_read_without_an_error(value: str | None) -> None:
    parameterised(value)


@pytest.mark.parametrize("piece", ["; a", ';a="', ";a=b", "; ", ";name*1=x", '"', "\\"])
def test_T17_hostile_values_take_linear_time(piece: str) -> None:
    began = time.process_time()
    parameterised("x/y" + piece * (1 << 18))
    assert time.process_time() - began < 2
