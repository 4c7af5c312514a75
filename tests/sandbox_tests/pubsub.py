"""Publishing to the stack's Pub/Sub emulator."""

import base64
import json

from tests.client.wire import call, ok
from tests.sandbox.plan import PROJECT
from tests.sandbox.stack import Stack


def publish(stack: Stack, topic: str, *messages: object) -> None:
    """Each message as JSON, in one request."""
    encoded = [{"data": base64.b64encode(json.dumps(message).encode()).decode()} for message in messages]
    url = f"{stack.plan.url('pubsub')}/v1/projects/{PROJECT}/topics/{topic}:publish"
    ok(call("POST", url, body={"messages": encoded}), f"publish to {topic}")


def read(envelope: dict[str, dict[str, str]]) -> object:
    """The JSON inside a push."""
    return json.loads(base64.b64decode(envelope["message"]["data"]))
