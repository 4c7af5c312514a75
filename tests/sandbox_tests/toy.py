"""A repository of three tiny functions: one that is called, one that is pushed, one that is scheduled."""

import json
from pathlib import Path

SHOW = '''
"""Answers with its environment; ends the process it runs in when asked to."""
import os
import functions_framework


@functions_framework.http
def show(request):
    if request.path == "/die":
        os._exit(3)
    return {"environment": dict(os.environ), "pid": os.getpid()}
'''
TAKE = '''
"""Keeps each push; refuses while a file named `refuse` lies in its folder."""
import json
import os
import pathlib
import uuid
import functions_framework

KEPT = pathlib.Path(os.environ["BLOBS_URL"].removeprefix("file://"))


@functions_framework.http
def take(request):
    if (KEPT / "refuse").exists():
        print("refused", flush=True)
        return "", 503
    seen = {"authorization": request.headers.get("Authorization"), "body": request.get_json()}
    (KEPT / f"push-{uuid.uuid4().hex}").write_text(json.dumps(seen))
    return "", 204
'''
TICK = '''
"""Counts nothing."""
import functions_framework


@functions_framework.http
def tick(request):
    return {"counted": 0}
'''


def plant(root: Path) -> Path:
    """Writes the repository below `root` → `root`."""
    functions = {
        "show": _row({"kind": "http"}, ["GOOGLE_CLOUD_PROJECT", "OAUTH_CLIENT_ID", "GMAIL_UNITS_PER_MINUTE"]),
        "take": _row({"kind": "push", "topics": ["gmail-notifications", "outbox"]}, ["BLOBS_URL", "PUSH_AUDIENCE"]),
        "tick": _row({"kind": "schedule", "cron": "* * * * *"}, []),
    }
    settings = {"GMAIL_TOPIC": "gmail-notifications", "OUTBOX_TOPIC": "outbox", "EVENTS_TOPIC": "events"}
    topics = {topic: {"setting": setting} for setting, topic in settings.items()}
    for name, source in {"show": SHOW, "take": TAKE, "tick": TICK}.items():
        (root / "functions" / name).mkdir(parents=True)
        (root / "functions" / name / "main.py").write_text(source.lstrip())
        functions[name]["entry_point"] = name
    (root / "infra").mkdir()
    (root / "infra" / "functions.json").write_text(json.dumps({"functions": functions, "topics": topics}))
    return root


def _row(trigger: dict[str, object], environment: list[str]) -> dict[str, object]:
    return {"trigger": trigger, "concurrency": 4, "timeout_s": 30, "environment": environment, "secrets": ["KEYSET"]}
