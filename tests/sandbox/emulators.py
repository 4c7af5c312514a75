"""Google's emulators of Firestore and Pub/Sub, started straight from the jars of the Google Cloud CLI."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import urllib3

from tests.client.wire import call
from tests.sandbox.plan import PROJECT, Plan
from tests.sandbox.processes import Part, dying_with_us, start
from tests.sandbox.trouble import TroubleError

# A stack lives for minutes: a quick start is worth more than the best code.
JAVA_FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Duser.language=en")
FIRESTORE_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
INSTALL = (
    "apt-get install google-cloud-cli google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator"
    " default-jre-headless"
)


def check() -> None:
    """TroubleError, with the command that installs it, if something is missing."""
    _java()
    platform = _sdk() / "platform"
    for folder in ("cloud-firestore-emulator", "pubsub-emulator"):
        if not (platform / folder).is_dir():
            raise TroubleError(
                f"The emulator {folder} of the Google Cloud CLI is missing: run"
                f" `gcloud components install cloud-firestore-emulator pubsub-emulator`, or on Debian `{INSTALL}`."
            )


def start_firestore(plan: Plan, *, kept: Path | None = None) -> Part:
    """Starts the Firestore emulator, with the documents that `export_firestore` left."""
    jar = _sdk() / "platform" / "cloud-firestore-emulator" / "cloud-firestore-emulator.jar"
    where = ["--host=127.0.0.1", f"--port={plan.ports['firestore']}"]
    brought = [f"--import-data={kept}"] if kept else []
    if not jar.is_file():
        return _through_gcloud(plan, "firestore", [f"--host-port={plan.host('firestore')}", *brought])
    java = [_java(), *JAVA_FLAGS, "-cp", str(jar), FIRESTORE_MAIN, "start", *where]
    return _start(plan, "firestore", [*java, "--database-mode=firestore-native", *brought])


def export_firestore(plan: Plan) -> Path:
    """Has the Firestore emulator leave its documents in the run folder → what `start_firestore` takes."""
    name = "kept"
    folder = plan.run_dir / "firestore"
    shutil.rmtree(folder, ignore_errors=True)
    body = {
        "database": f"projects/{PROJECT}/databases/(default)",
        "export_directory": str(folder),
        "export_name": name,
    }
    folder.mkdir()
    answer = call("POST", f"{plan.url('firestore')}/emulator/v1/projects/{PROJECT}:export", body=body)
    if answer.status != 200:
        raise TroubleError(f"The Firestore emulator did not export: {answer.status} {answer.body[:200]!r}.")
    return folder / name / f"{name}.overall_export_metadata"


def start_pubsub(plan: Plan) -> Part:
    """Starts the Pub/Sub emulator."""
    jars = sorted((_sdk() / "platform" / "pubsub-emulator" / "lib").glob("cloud-pubsub-emulator-*.jar"))
    if not jars:
        # Without a folder of its own it keeps its state where all stacks of this user would share it.
        folder = plan.run_dir / "pubsub"
        folder.mkdir()
        return _through_gcloud(plan, "pubsub", [f"--host-port={plan.host('pubsub')}", f"--data-dir={folder}"])
    where = ["--host=127.0.0.1", f"--port={plan.ports['pubsub']}"]
    return _start(plan, "pubsub", [_java(), *JAVA_FLAGS, "-jar", str(jars[-1]), *where])


def answers(plan: Plan, name: str) -> bool:
    """Whether an emulator is up; for Firestore that includes a first write, which warms what would else be slow."""
    try:
        up = call("GET", plan.url(name)).status == 200
        return up and (name != "firestore" or _writes(plan.url(name)))
    except urllib3.exceptions.HTTPError:
        return False


def _writes(url: str) -> bool:
    document = f"{url}/v1/projects/{PROJECT}/databases/(default)/documents/readiness/probe"
    fields = {"fields": {"ready": {"booleanValue": True}}}
    wrote = call("PATCH", document, body=fields, token="owner")
    return wrote.status == 200 and call("DELETE", document, token="owner").status == 200


def _start(plan: Plan, name: str, command: Sequence[str]) -> Part:
    return start(name, dying_with_us(command), log=plan.log(name), pids=plan.run_dir / "pids")


def _through_gcloud(plan: Plan, name: str, flags: Sequence[str]) -> Part:
    # gcloud does not end what it started when it is told to end: `stop` signals the whole group.
    more = ["--database-mode=firestore-native"] if name == "firestore" else [f"--project={PROJECT}"]
    return _start(plan, name, ["gcloud", "--quiet", "beta", "emulators", name, "start", *flags, *more])


@cache
def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if found is None:
        raise TroubleError(
            "Java is missing, which the emulators need: on Debian `apt-get install default-jre-headless`."
        )
    return found


@cache
def _sdk() -> Path:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise TroubleError(
            "The Google Cloud CLI is missing, whose emulators the stack needs: see"
            f" https://cloud.google.com/sdk/docs/install, then on Debian `{INSTALL}`."
        )
    beside = Path(gcloud).resolve().parents[1]
    if (beside / "platform").is_dir():
        return beside
    asked = subprocess.run(
        [gcloud, "info", "--format=value(installation.sdk_root)"], capture_output=True, text=True, check=False
    )
    return Path(asked.stdout.strip() or beside)
