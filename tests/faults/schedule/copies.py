"""One copy of a mail, and what may become of it."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.identifiers import GmailId, LocationId
from tests.faults.plant import Post
from tests.rules.letters import Letter
from tests.unit.usecases.office import HERE, THERE

NOWHERE = ""
LOCATIONS = (HERE, THERE)


@dataclass
class Copy:
    """One mail in one account. `allowed`: the conversations that it may be in, by location, `NOWHERE` among them.

    It is `open` until it was decided; `odd` if something about it may delay that, so that others are decided before it;
    `fleeting` if it may be gone before it is read; `relisted` if it may be decided more than once.
    """

    post: Post
    account: str
    gmail_id: GmailId
    thread: str
    at: datetime
    history_id: int
    allowed: dict[LocationId, set[str]] = field(default_factory=lambda: {at: set() for at in LOCATIONS})
    open: bool = True
    odd: bool = False
    fleeting: bool = False
    relisted: bool = False
    flags_sure: bool = True

    @property
    def letter(self) -> Letter:
        return self.post.letter
