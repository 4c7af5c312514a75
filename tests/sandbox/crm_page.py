"""The CRM page to which a consent returns: it shows what came back and how to go on."""

from html import escape

from aiohttp import web

from tests.sandbox.plan import Plan

PAGE = """<!doctype html>
<meta charset="utf-8"><title>Back in the CRM</title>
<style>body {{ font: 16px/1.5 sans-serif; max-width: 46rem; margin: 3rem auto }} pre {{ background: #eee; padding: 1rem;
white-space: pre-wrap; overflow-wrap: anywhere }}</style>
<h1>{title}</h1>
<p>{text}</p>
<pre>{shown}</pre>
"""
DEMONSTRATION = '{"sub": "anna", "locations": ["demo"], "role": "user"}'


class CrmPage:
    """Stands in for the page of a real CRM, which would finish the connection with its user's own token."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def app(self) -> web.Application:
        """GET /connected."""
        app = web.Application()
        app.router.add_get("/connected", self._show)
        return app

    async def _show(self, request: web.Request) -> web.Response:
        code = request.query.get("connect_code")
        if code is None:
            missing = request.query.get("missing", "")
            title, text, shown = (
                "Not connected",
                "Google sent the user back with:",
                request.query.get("error", "nothing"),
            )
            shown = f"{shown} {missing}".strip()
        else:
            title, text = "Almost connected", "The CRM finishes the connection with its user's own token:"
            shown = self._complete(code)
        page = PAGE.format(title=title, text=text, shown=escape(shown))
        return web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-store"})

    def _complete(self, code: str) -> str:
        url = (
            f"{self._plan.url('connections')}/locations/demo/connection/complete"
            if "connections" in self._plan.ports
            else ""
        )
        return (
            f"TOKEN=$(curl -s {self._plan.url('issuer')}/tokens -d '{DEMONSTRATION}' | cut -d'\"' -f4)\n"
            f'curl {url} -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json"'
            f' -d \'{{"connect_code": "{code}"}}\''
        )
