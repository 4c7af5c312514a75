"""Accounts at Google whose refresh tokens can be told apart from everything else, wherever they turn up."""

from dataclasses import replace

from shared.domain.connection import SCOPES
from tests.fakes.gmail import FakeMailbox
from tests.fakes.grants import FakeGrants
from tests.rules.premises import Accounts

TOKEN = "canary-token-of-"


class CanaryAccounts(Accounts):
    """Opens an account by its token."""

    def open_with(self, refresh_token: str) -> FakeMailbox:
        return super().open_with(refresh_token.removeprefix(TOKEN))


class CanaryGrants(FakeGrants):
    """Grants whose tokens are canaries, and so are the codes."""

    def consent(
        self, state: str, email: str, *, scopes: tuple[str, ...] = SCOPES, hosted_domain: str | None = None
    ) -> str:
        code = super().consent(state, email, scopes=scopes, hosted_domain=hosted_domain)
        kept = self.codes.pop(code)
        canary = f"canary-{code}"
        self.codes[canary] = replace(kept, granted=replace(kept.granted, refresh_token=f"{TOKEN}{email}"))
        return canary
