"""The whole product in memory behind its own entry points, with the people who call it and the mail at Gmail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import msgspec

from shared.domain.identifiers import GmailId, LocationId, UserId
from shared.domain.session import Role, Session
from shared.entrypoint import inbound_mail
from shared.entrypoint.connections import Connections
from shared.entrypoint.conversations import Calls
from shared.entrypoint.http import Gate, Route, serve
from shared.entrypoint.quarantine import Quarantine
from shared.entrypoint.records import Records
from shared.entrypoint.redirect import receive as redirected
from shared.entrypoint.sends import Sends
from shared.ports.inbound_mail import Arrival
from shared.usecases.capture_mail import capture_mail
from shared.usecases.receive_consent import receive_consent
from tests.fakes.gmail import FakeMail
from tests.faults.looks import Watched
from tests.faults.processes import Post
from tests.rules.letters import Letter
from tests.rules.premises import DOMAIN
from tests.unit.entrypoint.requests import request
from tests.unit.outbound import PROVIDER
from tests.unit.usecases.office import ANN, ANNS, HERE, PAGE, THERE, TOPIC

CUT = "multipart/form-data; boundary=cut"
TRIES = 8

__all__ = ["Plant", "Post"]


class Plant(Watched):
    """Ann and Bob, the CRM's backend, the receiver of auto-BCC mail, and Gmail with their accounts."""

    # callers

    def ask(
        self,
        function: str,
        method: str,
        path: str = "",
        body: object = None,
        *,
        user: UserId = ANN,
        location: LocationId = HERE,
        role: Role = Role.USER,
    ) -> flask.Response | None:
        """One call of the CRM's."""
        raw = None if body is None else msgspec.json.encode(body)
        asked = request(method, f"/locations/{location}{path}", body=raw)
        return self._asked(function, asked, user, role)

    def _asked(self, function: str, asked: flask.Request, user: UserId, role: Role) -> flask.Response | None:
        session = Session(user, frozenset({HERE, THERE}), role)
        gate = Gate(lambda _: session, frozenset(), self.clock.now)
        return self.served(lambda: serve(asked, lambda: self._routes(function), lambda: gate))

    def insist(self, function: str, method: str, path: str = "", body: object = None, **who: Any) -> flask.Response:
        """The call again and again until it is answered by anything but a failure, as a good client does."""
        return self._until_answered(lambda: self.ask(function, method, path, body, **who))

    def _until_answered(self, call: Callable[[], flask.Response | None]) -> flask.Response:
        for _ in range(TRIES):
            answer = call()
            if answer is not None and answer.status_code < 500:
                return answer
            self.clock.advance(seconds=20)
        raise AssertionError(f"no answer: {self.answers[-1]}")

    def _routes(self, function: str) -> Sequence[Route]:
        match function:
            case "connections":
                given = Connections(
                    self.store, self.google, self.queues, TOPIC, frozenset({PAGE}), self.patience, DOMAIN
                )
                return given.routes()
            case "records":
                return Records(self.store, self.google, self.queues, self.patience).routes()
            case "conversations":
                calls = Calls(self.store, self.blobs, lambda: self.mailboxes, self.queues, self.patience, DOMAIN)
                return (*calls.routes(), *Quarantine(self.capturing).routes())
            case _:
                sends = Sends(self.store, self.blobs, self.queues, self.patience, self.chance.token, PROVIDER)
                return sends.routes()

    def sends_mail(
        self,
        key: str,
        mail: Mapping[str, Any],
        *files: bytes,
        user: UserId = ANN,
        location: LocationId = HERE,
        role: Role = Role.USER,
    ) -> str:
        """Has a mail accepted under its key, asking as often as it takes → its id. The subject is to be unique."""
        answer = self.asks_to_send_mail(key, mail, *files, user=user, location=location, role=role)
        assert answer.status_code == 202, answer.get_data(as_text=True)
        accepted = str(msgspec.json.decode(answer.get_data())["id"])
        people = tuple(one["address"] for one in mail["to"])
        if mail.get("kind", "individual") == "individual":
            self.sends[accepted] = str(mail["subject"])
        else:
            self.runs[accepted] = people
        return accepted

    def asks_to_send_mail(
        self,
        key: str,
        mail: Mapping[str, Any],
        *files: bytes,
        user: UserId = ANN,
        location: LocationId = HERE,
        role: Role = Role.USER,
    ) -> flask.Response:
        """Whatever is answered in the end to a mail that is to be sent."""
        parts = [b'name="mail"\r\nContent-Type: application/json\r\n\r\n' + msgspec.json.encode(mail)]
        parts += [b'name="file"; filename="a.bin"\r\nContent-Type: text/plain\r\n\r\n' + one for one in files]
        body = b"".join(b"--cut\r\nContent-Disposition: form-data; " + one + b"\r\n" for one in parts) + b"--cut--\r\n"

        def post() -> flask.Response | None:
            asked = request("POST", f"/locations/{location}/messages", body=body, headers={"Idempotency-Key": key})
            asked.environ["CONTENT_TYPE"] = CUT
            return self._asked("send_email", asked, user, role)

        return self._until_answered(post)

    def connects(
        self, email: str = ANNS, *, user: UserId = ANN, location: LocationId = HERE, intent: str = "connect"
    ) -> None:
        """The user goes through the consent, again from the beginning where something broke on the way."""
        for _ in range(TRIES):
            if self._went_through(email, user, location, intent):
                return
            self.clock.advance(seconds=20)
        raise AssertionError(f"not connected: {self.answers[-3:]}")

    def _went_through(self, email: str, user: UserId, location: LocationId, intent: str) -> bool:
        shown = self.ask("connections", "GET", "/connection", user=user, location=location)
        if shown is None or shown.status_code != 200:
            return False
        told = msgspec.json.decode(shown.get_data())
        if told["state"] == "connected" and told["address"] == email:
            return True
        wish = {"return_to": PAGE, "intent": intent}
        begun = self.ask("connections", "POST", "/connection/consent", wish, user=user, location=location)
        if begun is None or begun.status_code != 201:
            return False
        url = msgspec.json.decode(begun.get_data())["authorize_url"]
        state = parse_qs(urlsplit(url).query)["state"][0]
        code = self.durable.grants.consent(state, email)
        back = self.served(lambda: self._redirected(state, code))
        if back is None or back.status_code != 303:
            return False
        given = parse_qs(urlsplit(back.headers["Location"]).query)
        if "connect_code" not in given:
            return False
        done = {"connect_code": given["connect_code"][0]}
        answer = self.ask("connections", "POST", "/connection/complete", done, user=user, location=location)
        return answer is not None and answer.status_code == 200

    def _redirected(self, state: str, code: str) -> flask.Response:
        asked = request("GET", "/")
        asked.args = {"state": state, "code": code}  # type: ignore[assignment]
        return redirected(
            asked,
            self.clock.now,
            lambda back: receive_consent(
                back,
                store=self.store,
                grants=self.grants,
                sealer=self.sealer,
                chance=self.chance,
                return_urls=self.return_urls,
                now=self.clock.now(),
            ),
        )

    def brings(self, letter: Letter, used: str, *, proof: str = "dmarc=pass") -> None:
        """The receiver of the auto-BCC addresses brings a mail until it is taken."""
        raw = letter.raw(self.clock.now(), sent=False).encode()
        domain = letter.sender.rpartition("@")[2]
        judged = f"Authentication-Results: mx.crm.example; {proof} header.from={domain}\r\n".encode() + raw
        arrival = Arrival(f"arrival-{letter.name}", letter.sender, (used,), judged, "mx.crm.example")

        def post() -> flask.Response | None:
            asked = request("POST", "/raw", body=b"a mail")
            door = inbound_mail.Door({"/raw": _Brought(arrival)}, self.clock.now)
            return self.served(
                lambda: inbound_mail.receive(asked, lambda: door, lambda one: capture_mail(self.capturing, one))
            )

        self._until_answered(post)

    # Gmail

    def comes(self, letter: Letter, places: Mapping[LocationId, str] | None = None, *, pushed: bool = True) -> Post:
        """A mail is sent or received at Gmail, of which it tells, unless the notification is lost."""
        self.post(letter, sync=False)
        copies = self.copies[letter.name]
        accounts = self.durable.accounts.accounts
        at_history = {email: accounts[email].newest for email in copies}
        made = Post(letter, dict(places or {}), at_history)
        self.posts.append(made)
        if pushed:
            self.notifies(*copies)
        return made

    def notifies(self, *emails: str, delay: timedelta = timedelta()) -> None:
        """Gmail's notification of each account's newest history id."""
        for email in emails or self.durable.accounts.accounts:
            newest = self.durable.accounts.accounts[email].newest
            content = {"emailAddress": email, "historyId": newest}
            self.durable.queues.publish("gmail", [content], delay=delay)

    def copy_of(self, letter: Letter, email: str = ANNS) -> GmailId:
        return self.copies[letter.name][email]

    def deletes(self, email: str, gmail_id: str) -> None:
        """The user deletes a mail for good; what was sent was sent all the same."""
        account = self.durable.accounts.accounts[email]
        self.binned.append((email, account.mails[gmail_id]))
        account.delete(gmail_id)

    def ever_sent(self, email: str) -> list[FakeMail]:
        """Every mail that left the account."""
        binned = [mail for owner, mail in self.binned if owner == email]
        return [one for one in [*self.durable.accounts.accounts[email].mails.values(), *binned] if "SENT" in one.labels]


@dataclass(frozen=True)
class _Brought:
    """A mail whose receiver was proved already."""

    arrival: Arrival

    def open(self, headers: Mapping[str, str], body: bytes, *, now: Any) -> Arrival:
        return replace(self.arrival)
