"""Labels, and the addresses that the account may send as."""

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.api import Call, Perform
from tests.sandbox.gmail_simulator.errors import GoogleError, invalid, not_found
from tests.sandbox.gmail_simulator.wire import Json, to_json

_OWN = ("messageListVisibility", "labelListVisibility", "color")


def list_labels(call: Call) -> bytes:
    """All labels."""
    labels = call.account.mailbox.labels
    return to_json({"labels": [labels.body(one) for one in labels.ids()]})


def get_label(call: Call) -> bytes:
    """One label with its counts."""
    mailbox, label_id = call.account.mailbox, call.path["id"]
    body = mailbox.labels.body(label_id)
    if body is None:
        raise not_found()
    having = [message for message in mailbox.messages.values() if label_id in message.labels]
    unread = [message for message in having if "UNREAD" in message.labels]
    counts = {
        "messagesTotal": len(having),
        "messagesUnread": len(unread),
        "threadsTotal": len({message.thread_id for message in having}),
        "threadsUnread": len({message.thread_id for message in unread}),
    }
    return to_json({**body, **counts})


def create_label(call: Call) -> bytes:
    """A new label; 409 if the name is taken."""
    labels, name = call.account.mailbox.labels, call.body.get("name")
    if not name:
        raise invalid("Missing label name")
    if labels.find(name) is not None:
        raise GoogleError(409, "Label name exists or conflicts", "aborted")
    return to_json(labels.make(name, _shown(call.body)).body())


def change_label(call: Call) -> bytes:
    """Renames a label, or changes its visibility."""
    labels, label_id = call.account.mailbox.labels, call.path["id"]
    try:
        labels.change(label_id, call.body.get("name"), _shown(call.body))
    except KeyError as error:
        raise not_found() from error
    return to_json(labels.body(label_id))


def delete_label(call: Call) -> bytes:
    """Deletes a label and takes it off its messages."""
    mailbox, label_id = call.account.mailbox, call.path["id"]
    for message in list(mailbox.messages.values()):
        mailbox.relabel(message, (), [label_id])
    try:
        mailbox.labels.remove(label_id)
    except KeyError as error:
        raise not_found() from error
    return b""


def _shown(body: Json) -> Json:
    return {name: body[name] for name in _OWN if name in body}


def list_send_as(call: Call) -> bytes:
    """The account's address and its aliases."""
    return to_json({"sendAs": send_as(call.account)})


def get_send_as(call: Call) -> bytes:
    """One of them."""
    wanted = call.path["sendAsEmail"].lower()
    for one in send_as(call.account):
        if one["sendAsEmail"].lower() == wanted:
            return to_json(one)
    raise not_found()


def send_as(account: Account) -> list[Json]:
    """The primary address first; the primary has no verification status."""
    primary = {
        "sendAsEmail": account.email,
        "displayName": account.name,
        "replyToAddress": "",
        "signature": "",
        "isPrimary": True,
        "isDefault": True,
    }
    aliases = [
        {
            "sendAsEmail": alias.address,
            "displayName": alias.name,
            "replyToAddress": "",
            "signature": alias.signature,
            "treatAsAlias": True,
            "verificationStatus": "accepted" if alias.verified else "pending",
        }
        for alias in account.aliases
    ]
    return [primary, *aliases]


METHODS: dict[str, Perform] = {
    "gmail.users.labels.list": list_labels,
    "gmail.users.labels.get": get_label,
    "gmail.users.labels.create": create_label,
    "gmail.users.labels.update": change_label,
    "gmail.users.labels.patch": change_label,
    "gmail.users.labels.delete": delete_label,
    "gmail.users.settings.sendAs.list": list_send_as,
    "gmail.users.settings.sendAs.get": get_send_as,
}
