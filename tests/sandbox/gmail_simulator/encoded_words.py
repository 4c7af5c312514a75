"""Encoded words (RFC 2047) turned into the text that Gmail shows in its header values."""

import binascii
import re

_WORD = re.compile(r"=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]+\?[bBqQ]\?)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')


def decode_text(value: str) -> str:
    """An unstructured header's text; a word that cannot be read stays as it is."""
    if "=?" not in value:
        return value
    return _WORD.sub(lambda word: _decode(word) or word[0], _BETWEEN.sub(r"\1", value))


def decode_names(value: str) -> str:
    """An address header's text: a decoded name is quoted where it would otherwise read as something else."""
    if "=?" not in value:
        return value
    joined = _BETWEEN.sub(r"\1", value)
    out, at, quoted = [], 0, False
    for run in re.finditer(rf"(?:{_WORD.pattern})+", joined):
        between = joined[at : run.start()]
        quoted ^= between.replace('\\"', "").count('"') % 2 == 1
        out.append(between)
        text = _WORD.sub(lambda word: _decode(word) or word[0], run[0])
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        out.append(escaped if quoted else f'"{escaped}"' if _SPECIAL.search(text) else text)
        at = run.end()
    return "".join(out) + joined[at:]


def without_surrogates(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot carry, replaced."""
    return text.encode("utf-8", "replace").decode()


def _decode(word: re.Match[str]) -> str | None:
    charset, encoding, text = word[1], word[2].lower(), word[3]
    try:
        if encoding == "b":
            data = binascii.a2b_base64(text + "=" * (-len(text) % 4))
        else:
            data = binascii.a2b_qp(text.encode("ascii", "replace"), header=True)
        return _CONTROL.sub(" ", without_surrogates(data.decode(charset, "replace")))
    except (LookupError, ValueError):
        return None
