"""Starts the simulator: prints its URL on one line, serves until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal

from aiohttp import web

from tests.sandbox.gmail_simulator.simulator import Simulator, build_simulator


async def serve(simulator: Simulator, port: int) -> None:
    """Serves on 127.0.0.1 (port 0: a free one) until a signal ends it."""
    runner = web.AppRunner(simulator.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    ended = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await ended.wait()
    await runner.cleanup()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.gmail_simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--pubsub-url", help="Pub/Sub emulator, http://127.0.0.1:PORT")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    asyncio.run(serve(build_simulator(pubsub_url=given.pubsub_url, seed=given.seed), given.port))


if __name__ == "__main__":
    main()
