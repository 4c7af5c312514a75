"""Cloud Scheduler's part: calls the scheduled functions when their cron line says so."""

import asyncio
import logging
from datetime import datetime, timedelta

import aiohttp

from tests.sandbox.plan import Plan
from tests.sandbox.table import Function, Kind

SPANS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
LOG = logging.getLogger(__name__)


def is_due(cron: str, at: datetime) -> bool:
    """Whether a cron line of five fields (`*`, numbers, lists, ranges, steps; Sunday is 0) names this minute."""
    now = (at.minute, at.hour, at.day, at.month, at.isoweekday() % 7)
    fields = zip(cron.split(), now, SPANS, strict=True)
    return all(value in _named(field, low, high) for field, value, (low, high) in fields)


async def keep(plan: Plan, session: aiohttp.ClientSession) -> None:
    """Runs all schedules on real time, each never beside itself, until cancelled."""
    scheduled = [row for row in plan.table.functions.values() if row.trigger.kind is Kind.SCHEDULE]
    await asyncio.gather(*(_keep_one(row, plan.url(row.name), session) for row in scheduled))


async def _keep_one(row: Function, url: str, session: aiohttp.ClientSession) -> None:
    while True:
        now = datetime.now().astimezone()
        minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        await asyncio.sleep((minute - now).total_seconds())
        if is_due(row.trigger.cron, minute):
            await _call(row, url, session)


async def _call(row: Function, url: str, session: aiohttp.ClientSession) -> None:
    try:
        async with session.post(f"{url}/", json={}, timeout=aiohttp.ClientTimeout(total=row.timeout_s)) as answer:
            LOG.info("%s: %s %s", row.name, answer.status, (await answer.text())[:500])
    except (aiohttp.ClientError, TimeoutError) as error:
        LOG.warning("%s: %r", row.name, error)


def _named(field: str, low: int, high: int) -> set[int]:
    named: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        begin = low if span == "*" else int(first)
        end = high if span == "*" or (step and not last) else int(last or first)
        named.update(range(begin, end + 1, int(step or 1)))
    return named
