"""The signature that Gmail has for a sender, put under what they write in the CRM, as Gmail itself would (R50)."""

import re
from typing import Final

from shared.domain.html_text import text_of
from shared.domain.message import Body
from shared.domain.sanitise import sanitise

LONGEST: Final = 100_000
"""Characters; Gmail's own limit is 10,000. A longer one is left out."""
_IMAGE: Final = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')


def signed(body: Body, signature: str) -> Body:
    """The body with the signature at its end, in both of its forms; as it is where there is none."""
    if not 0 < len(signature) <= LONGEST:
        return body
    clean = _with_images(sanitise(signature))
    plain = text_of(signature)
    text = f"{body.text.rstrip()}\n\n-- \n{plain}" if plain else body.text
    return Body(text, _under(body.html, clean) if body.html is not None else None)


def _under(html: str, signature: str) -> str:
    made = (
        '<br><span class="gmail_signature_prefix">-- </span><br>'
        f'<div dir="ltr" class="gmail_signature">{signature}</div>'
    )
    end = html.lower().rfind("</body")
    return html + made if end < 0 else html[:end] + made + html[end:]


def _with_images(html: str) -> str:
    """Remote images as the user has them in Gmail: here they go out, and nobody's reader is protected from them."""
    return _IMAGE.sub(lambda image: f"<img{image[1].replace(' data-remote-src=', ' src=')}>", html)
