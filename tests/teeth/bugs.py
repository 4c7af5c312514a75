"""The bugs that such products are known to have."""

from tests.teeth.bug import Bug
from tests.teeth.send_bugs import SEND_BUGS
from tests.teeth.sync_bugs import SYNC_BUGS
from tests.teeth.trust_bugs import TRUST_BUGS

BUGS: tuple[Bug, ...] = (*SYNC_BUGS, *SEND_BUGS, *TRUST_BUGS)
