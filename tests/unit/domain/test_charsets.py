"""Bytes of mails into text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.charsets import decode, decode_body

CHARSETS = {
    "utf-8": ("grün", "utf-8", "utf-8"),
    "iso-8859-1": ("grün", "iso-8859-1", "iso-8859-1"),
    "windows marks called latin-1": ("“grün” €", "cp1252", "iso-8859-1"),
    "koi8-r": ("Привет", "koi8-r", "KOI8-R"),
    "iso-2022-jp": ("こんにちは", "iso-2022-jp", "ISO-2022-JP"),
    "gb18030 called gb2312": ("你好朋友们", "gb18030", "gb2312"),
    "utf-7": ("grün", "utf-7", "utf-7"),
    "utf-16": ("grün", "utf-16", "utf-16"),
    "unknown charset, UTF-8": ("grün", "utf-8", "x-unknown"),
    "unknown charset, Windows-1252": ("grün", "cp1252", "x-unknown"),
    "none": ("grün", "utf-8", ""),
    "ascii with 8 bits": ("grün", "cp1252", "us-ascii"),
    "UTF-8 called latin-1": ("grün", "utf-8", "iso-8859-1"),
    "UTF-8 called iso-2022-jp": ("こんにちは", "utf-8", "iso-2022-jp"),
    "UTF-8 called gbk": ("你好朋友", "utf-8", "gbk"),
    "UTF-8 called utf-16": ("grun", "utf-8", "utf-16"),
    "UTF-8 called utf-7": ("grün", "utf-8", "utf-7"),
    "two octets that could be UTF-8": ("模", "gb18030", "gb18030"),
    "Windows-1252 converted as if Latin-1": ("\x93\x80\x94", "utf-8", "iso-8859-1"),
    "byte order mark": ("grün", "utf-8-sig", "utf-8"),
}


@pytest.mark.parametrize(("text", "codec", "declared"), CHARSETS.values(), ids=CHARSETS)
def test_bodies_are_decoded_as_declared_or_as_is_likely(text: str, codec: str, declared: str) -> None:
    expected = text.replace("\x93\x80\x94", "“€”")
    assert decode_body(text.encode(codec), declared) == expected


@pytest.mark.parametrize(
    "charset", ["unicode_escape", "raw_unicode_escape", "idna", "punycode", "zip", "hex", "rot13", "ansi", "oem"]
)
def test_what_python_calls_a_codec_but_no_mail_means_is_unknown(charset: str) -> None:
    assert decode(b"\\u0041 xn--mller-kva", charset) == "\\u0041 xn--mller-kva"


@given(st.binary(), st.none() | st.text() | st.sampled_from(["utf-7", "utf-16", "hz", "iso-2022-kr", "big5", "koi8-r"]))
def test_any_bytes_in_any_charset_are_text(octets: bytes, charset: str | None) -> None:
    assert isinstance(decode(octets, charset), str)
    assert isinstance(decode_body(octets, charset), str)
