"""The stack's own servers in one process: simulator, relay, issuer, CRM page, provider, events, mail, schedules."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.sandbox import schedules
from tests.sandbox.certificate import server_side
from tests.sandbox.crm_page import CrmPage
from tests.sandbox.events import EventReceiver
from tests.sandbox.google import Google, build_google
from tests.sandbox.issuer import Issuer
from tests.sandbox.mail_exchange import MailExchange
from tests.sandbox.plan import Plan
from tests.sandbox.processes import die_with
from tests.sandbox.provider import Provider
from tests.sandbox.relay import Relay
from tests.sandbox.settings import CRM_AUDIENCE, EVENTS_SECRET

HOST = "127.0.0.1"
MAX_LINGER_S = 1.0


def main() -> None:
    """Usage: servers PLAN. Runs until SIGTERM."""
    die_with(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(_serve(Plan.read(Path(sys.argv[1]))))


async def _serve(plan: Plan) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    # A fresh connection for each push: a function that closes an idle one must not make us refuse a push.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        google, provider = build_google(plan), Provider(server_side(plan.run_dir / "secrets"))
        runners = [await _listen(app, plan.ports[name]) for name, app in _apps(plan, google, provider, session).items()]
        smtp = await loop.create_server(provider.smtp, HOST, plan.ports["smtp"])
        scheduled = asyncio.create_task(schedules.keep(plan, session))
        await stop.wait()
        scheduled.cancel()
        smtp.close()
        await asyncio.gather(*(runner.cleanup() for runner in runners))


def _apps(plan: Plan, google: Google, provider: Provider, session: aiohttp.ClientSession) -> dict[str, web.Application]:
    relay = Relay(plan, session=session, sign=google.sign, admit=google.admit, now=google.now)
    exchange = MailExchange(plan, session=session, now=google.now)
    google.send_outside(exchange.receive)
    issuer = Issuer(issuer=plan.url("issuer"), audience=CRM_AUDIENCE, now=google.now)
    return {
        "gmail": google.app,
        "relay": relay.app(),
        "issuer": issuer.app(),
        "crm": CrmPage(plan).app(),
        "provider": provider.app(),
        "events": _events(plan, google).app(),
        "mx": exchange.app(),
    }


def _events(plan: Plan, google: Google) -> EventReceiver:
    """Events come by webhook wherever there is a function that sends them."""
    secret = plan.run_dir / "secrets" / EVENTS_SECRET
    way = "webhook" if "deliver_events" in plan.table.functions else "topic"
    return EventReceiver(way=way, secrets=lambda: secret.read_text().split(), now=google.shown)


async def _listen(app: web.Application, port: int) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=MAX_LINGER_S)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    return runner


if __name__ == "__main__":
    main()
