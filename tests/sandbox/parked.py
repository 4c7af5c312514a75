"""Why a mail was parked: the one thing of the demonstration that only the store tells."""

from tests.client.wire import call, ok
from tests.sandbox.plan import PROJECT, Plan

PAGE = 300


def reason(plan: Plan, gmail_id: str) -> str:
    """The reason kept with the parked mail of this Gmail id; '' if there is none."""
    url = f"{plan.url('firestore')}/v1/projects/{PROJECT}/databases/(default)/documents/parked"
    page = ok(call("GET", url, token="owner", query={"pageSize": PAGE}), "parked mail")
    kept = [document["fields"] for document in page.get("documents", [])]
    return next((one["reason"]["stringValue"] for one in kept if one["gmail_id"]["stringValue"] == gmail_id), "")
