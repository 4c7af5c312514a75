"""What stands around the functions while they are measured, in a process of its own.

The Gmail simulator, the CRM's token issuer, a topic that takes everything, and OIDC tokens for pushes.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.sandbox.google import Google, build_google
from tests.sandbox.issuer import Issuer
from tests.sandbox.plan import Plan
from tests.sandbox.processes import die_with
from tests.sandbox.relay import Relay
from tests.sandbox.settings import CRM_AUDIENCE, environment


def main() -> None:
    """Usage: google_server PLAN. Runs until SIGTERM."""
    die_with(os.getppid())
    asyncio.run(_serve(Plan.read(Path(sys.argv[1]))))


async def _serve(plan: Plan) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with aiohttp.ClientSession() as session:
        google = build_google(plan)
        relay = Relay(plan, session=session, sign=google.sign, admit=google.admit, now=google.now)
        runners = []
        for name, app in _apps(plan, google, relay).items():
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", plan.ports[name]).start()
            runners.append(runner)
        await ended.wait()
        for runner in runners:
            await runner.cleanup()


def _apps(plan: Plan, google: Google, relay: Relay) -> dict[str, web.Application]:
    async def token(request: web.Request) -> web.Response:
        audience = environment(plan, request.match_info["function"])["PUSH_AUDIENCE"]
        return web.json_response({"token": relay.token(audience)})

    async def publish(request: web.Request) -> web.Response:
        told = await request.json()
        return web.json_response({"messageIds": [str(at) for at in range(len(told["messages"]))]})

    tokens, topics = web.Application(), web.Application(client_max_size=16_777_216)
    tokens.router.add_get("/{function}", token)
    topics.router.add_post("/v1/{topic:.*}", publish)
    issuer = Issuer(issuer=plan.url("issuer"), audience=CRM_AUDIENCE, now=google.now)
    return {"gmail": google.app, "issuer": issuer.app(), "relay": tokens, "pubsub": topics}


if __name__ == "__main__":
    main()
