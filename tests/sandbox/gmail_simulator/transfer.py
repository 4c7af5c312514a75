"""Content-Transfer-Encoding and charset of a body, undone; whatever cannot be read is kept as far as it goes."""

import binascii
import re

_SPACE = b" \t\r\n"
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def _alphabet(body: bytes) -> bytes:
    clean = body.translate(None, _SPACE).rstrip(b"=")
    return _NOT_BASE64.sub(b"", clean) if _NOT_BASE64.search(clean) else clean


def decoded(body: bytes, encoding: str) -> bytes:
    """The body's bytes."""
    if encoding == "base64":
        clean = _alphabet(body)
        if len(clean) % 4 == 1:
            clean = clean[:-1]
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    return binascii.a2b_qp(body) if encoding == "quoted-printable" else body


def decoded_size(body: bytes, encoding: str) -> int:
    """How many bytes `decoded` gives."""
    return len(_alphabet(body)) * 3 // 4 if encoding == "base64" else len(decoded(body, encoding))


def decoded_text(body: bytes, encoding: str, charset: str) -> bytes:
    """The body's text as UTF-8, whatever its charset."""
    content = decoded(body, encoding)
    try:
        return content.decode(charset or "utf-8").encode()
    except (LookupError, ValueError):
        pass
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1").encode()
    return content
