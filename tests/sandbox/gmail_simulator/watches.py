"""Watches on mailboxes, and the notifications that they cause: a history id, at most one a second, never data."""

import asyncio
import base64
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.behaviour import Behaviour, Excess
from tests.sandbox.gmail_simulator.clock import Clock, rfc3339
from tests.sandbox.gmail_simulator.errors import GoogleError, invalid
from tests.sandbox.gmail_simulator.grants import Client
from tests.sandbox.gmail_simulator.wire import Json, to_json

LIFE_S = 7 * 86_400
_TOPIC = re.compile(r"projects/([^/]+)/topics/[^/]+")
_EVERY_S = 1.0
_LISTED = 100_000

Publish = Callable[[str, bytes], Awaitable[int]]
"""Publishes one message's data to a topic (`projects/p/topics/t`); the HTTP status of the attempt, 0 for none."""


@dataclass(slots=True)
class Watch:
    """One watch: which topic, for which labels, until when (seconds since the epoch)."""

    account: Account
    topic: str
    labels: frozenset[str]
    include: bool
    expires_at: float
    last_at: float = float("-inf")
    waiting: bool = False

    def concerns(self, labels: frozenset[str]) -> bool:
        """Whether a change of these labels is to be told."""
        return not self.labels or bool(self.labels & labels) == self.include


class Watches:
    """The watches by account and project, and what they published."""

    def __init__(self, clock: Clock, behaviour: Callable[[], Behaviour]) -> None:
        self._clock, self._behaviour = clock, behaviour
        self._watches: dict[str, dict[str, Watch]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.publish: Publish = _keep
        self.published: deque[Json] = deque(maxlen=_LISTED)

    async def watch(self, account: Account, client: Client, body: Json) -> Watch:
        """Sets or renews the watch and publishes at once; GoogleError 400 or 403 where Gmail refuses."""
        topic = str(body.get("topicName") or "")
        named = _TOPIC.fullmatch(topic)
        if not named or client.project not in {None, named[1]}:
            project = client.project or "<google developer project-id>"
            raise invalid(f"Invalid topicName does not match projects/{project}/topics/*")
        old = self._watches.get(account.sub, {}).get(client.project or client.id)
        if old is not None and old.topic != topic and old.expires_at > self._clock.now():
            raise invalid("Only one user push notification client allowed per developer (call /stop then try again)")
        behaviour = str(body.get("labelFilterBehavior") or body.get("labelFilterAction") or "include").lower()
        labels = frozenset(body.get("labelIds") or ())
        watch = Watch(account, topic, labels, behaviour == "include", self._clock.now() + LIFE_S)
        if await self._send(watch) in {403, 404}:
            message = "Error sending test message to Cloud PubSub "
            raise GoogleError(403, f"{message}{topic} : User not authorized to perform this action.", "forbidden")
        self._watches.setdefault(account.sub, {})[client.project or client.id] = watch
        return watch

    def stop(self, account: Account, client: Client) -> None:
        """Ends the watch of this account and project, if there is one."""
        self._watches.get(account.sub, {}).pop(client.project or client.id, None)

    def changed(self, account: Account, labels: frozenset[str]) -> None:
        """Notifies the account's watches of a change that concerned these labels."""
        now = self._clock.now()
        for watch in self._watches.get(account.sub, {}).values():
            if watch.expires_at > now and watch.concerns(labels):
                self._notify(watch)

    def _notify(self, watch: Watch) -> None:
        wait = watch.last_at + _EVERY_S - time.monotonic()
        if wait > 0 and (watch.waiting or self._behaviour().excess_notifications is Excess.DROP):
            return
        watch.waiting = wait > 0
        watch.last_at = time.monotonic() + max(wait, 0.0)
        task = asyncio.get_running_loop().create_task(self._later(watch, wait))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _later(self, watch: Watch, wait: float) -> None:
        if wait > 0:
            await asyncio.sleep(wait)
            watch.waiting = False
        await self._send(watch)

    def close(self) -> None:
        """Gives up what was to be published later."""
        for task in self._tasks:
            task.cancel()

    async def _send(self, watch: Watch) -> int:
        history_id = watch.account.mailbox.history.current
        told: Json = {"emailAddress": watch.account.email, "historyId": history_id}
        if self._behaviour().history_id_as_text:
            told["historyId"] = str(history_id)
        self.published.append({**told, "topic": watch.topic, "at": rfc3339(self._clock.now())})
        return await self.publish(watch.topic, to_json(told))


async def _keep(topic: str, data: bytes) -> int:
    """Publishes nowhere: what was to be published is listed all the same."""
    return 0


def pubsub_body(data: bytes) -> bytes:
    """The body of Pub/Sub's publish call for one message."""
    return to_json({"messages": [{"data": base64.b64encode(data).decode()}]})
