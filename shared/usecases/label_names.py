"""What the labels on mails are called, asked of Gmail only where an exclusion names one (R24)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.domain.exclusions import LABEL
from shared.domain.location import Location
from shared.domain.mail import Mail
from shared.domain.mailbox import Link

CATEGORY = "CATEGORY_"


@dataclass(slots=True)
class LabelNames:
    """The names that Gmail gave, asked for once, and again only for a label that it did not know then."""

    ask: Callable[[], Mapping[str, str]]
    known: dict[str, str] = field(default_factory=dict)

    def of(self, mail: Mail, settings: Location, link: Link) -> frozenset[str]:
        """The names of a mail's labels; none where nothing is excluded by its label. Raises what Gmail does.

        Gmail's own labels are called as their ids say, its categories also as their tabs (`Promotions`). A label that
        is gone before its name is known counts as none.
        """
        if not any(one.startswith(LABEL) for one in (*settings.policy.exclusions, *link.exclusions)):
            return frozenset()
        own = {one for one in mail.labels if not one.isupper()}
        if own - self.known.keys():
            self.known |= dict.fromkeys(own, "") | dict(self.ask())
        gmails = mail.labels - own
        tabs = {one.removeprefix(CATEGORY) for one in gmails}
        return frozenset({*(self.known[one] for one in own), *gmails, *tabs} - {""})
