"""Topics and push subscriptions on the Pub/Sub emulator, made over REST from the table of functions."""

from tests.client.wire import call
from tests.sandbox.plan import PROJECT, Plan
from tests.sandbox.trouble import TroubleError

MAX_ACK_DEADLINE_S = 600
EVENTS_SETTING = "EVENTS_TOPIC"
ALREADY_EXISTS = 409


def create(plan: Plan) -> None:
    """All topics; one subscription a function and topic, pushed through the relay; one for the receiver of events."""
    for topic in plan.table.topics.values():
        _put(plan, f"topics/{topic}", {})
    for function, topic in plan.table.pushes():
        push = f"{plan.url('relay')}/push/{function.name}/{topic}"
        _subscribe(
            plan, f"{function.name}-{topic}", topic, push, min(function.trigger.ack_deadline_s, MAX_ACK_DEADLINE_S)
        )
    if EVENTS_SETTING in plan.table.topics:
        _subscribe(plan, "crm-events", plan.table.topics[EVENTS_SETTING], f"{plan.url('events')}/push", 60)


def _subscribe(plan: Plan, name: str, topic: str, endpoint: str, ack_deadline_s: int) -> None:
    body = {
        "topic": f"projects/{PROJECT}/topics/{topic}",
        "pushConfig": {"pushEndpoint": endpoint},
        "ackDeadlineSeconds": ack_deadline_s,
        "retryPolicy": {"minimumBackoff": "1s", "maximumBackoff": "10s"},
    }
    _put(plan, f"subscriptions/{name}", body)


def _put(plan: Plan, path: str, body: dict[str, object]) -> None:
    answer = call("PUT", f"{plan.url('pubsub')}/v1/projects/{PROJECT}/{path}", body=body)
    if answer.status not in {200, ALREADY_EXISTS}:
        raise TroubleError(f"The Pub/Sub emulator refused {path}: {answer.status} {answer.body[:200]!r}.")
