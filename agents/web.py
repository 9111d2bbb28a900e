"""The worker's own small HTTP server: `/metrics` for Prometheus, `/live` and `/ready` for whoever runs the worker."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from agents.health import Health, Outage
from agents.metrics import Metrics

LookAtStore = Callable[[], Awaitable[object]]
"""Tell health whether the store answers at this moment."""


@asynccontextmanager
async def serve(
    host: str, port: int, *, metrics: Metrics, health: Health, look_at_store: LookAtStore
) -> AsyncIterator[int]:
    """Serve while inside; gives the port (of interest where `port` is 0). Raises `OSError` where it is taken."""

    async def show_metrics(request: web.Request) -> web.Response:
        body, content_type = metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type, "Vary": "Accept"})

    async def show_live(_: web.Request) -> web.Response:
        return _verdict(health.why_dead())

    async def show_ready(_: web.Request) -> web.Response:
        await look_at_store()
        return _verdict(health.why_not_ready(), health.outages, waits=bool(health.waits))

    app = web.Application()
    app.add_routes([web.get("/metrics", show_metrics), web.get("/live", show_live), web.get("/ready", show_ready)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _verdict(reasons: Sequence[str], outages: Sequence[Outage] = (), *, waits: bool = False) -> web.Response:
    status = "degraded" if outages or waits else "unavailable" if reasons else "ok"
    body: dict[str, object] = {"status": status, "reasons": list(dict.fromkeys(reasons))}
    if outages:
        body["outages"] = [
            {"server": outage.server, "since": outage.since.isoformat(timespec="seconds"), "reason": outage.reason}
            for outage in outages
        ]
    return web.json_response(body, status=503 if reasons else 200)
