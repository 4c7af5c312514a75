"""What `make run` prints: where everything listens, and commands to try that work as they stand."""

from tests.sandbox.seed import CONTACTS, LOCATION, USERS
from tests.sandbox.stack import Stack

TRY = """\
{user} <{mailbox}> works in the location "{location}"; {contact} <{contact_email}> is a contact there. To try:

  # {contact} writes to {user}
  printf 'From: {contact} <{contact_email}>\\nTo: {mailbox}\\nSubject: A question\\n\\nCan we meet?\\n' |
    curl -s --data-binary @- -H 'Content-Type: message/rfc822' {gmail}/control/mailboxes/{mailbox}/deliver

  # the CRM has it in the conversation
  TOKEN=$(curl -s {issuer}/tokens -d '{{"sub": "{user_id}", "locations": ["{location}"], "role": "user"}}' |
    cut -d '"' -f 4)
  curl -s {conversations}/locations/{location}/conversations/{contact_id}/messages -H "Authorization: Bearer $TOKEN"

  # {user} writes from the CRM, and Gmail has it under Sent
  curl -s {send_email}/locations/{location}/messages -H "Authorization: Bearer $TOKEN" -H 'Idempotency-Key: try-1' \\
    -F 'mail={{"to": [{{"address": "{contact_email}"}}], "subject": "Hello", "text": "Gladly."}};type=application/json'
  curl -s {gmail}/control/mailboxes/{mailbox}/sent

  # {user} writes to somebody new from any mail program, with the auto-BCC address: a contact and a conversation
  BCC=$(curl -s {connections}/locations/{location}/connection -H "Authorization: Bearer $TOKEN" |
    sed 's/.*"auto_bcc": *"\\([^"]*\\)".*/\\1/')
  printf 'From: {mailbox}\\nTo: new@somewhere.example\\nBcc: %s\\nSubject: An offer\\n\\nAs we said.\\n' "$BCC" |
    curl -s --data-binary @- -H 'Content-Type: message/rfc822' {gmail}/control/mailboxes/{mailbox}/send

  # what the CRM was told
  curl -s {events}/
"""
PARTS = (
    ("gmail", "Gmail simulator; try things at /control/…"),
    ("issuer", "tokens of the CRM: POST /tokens"),
    ("return_to", "page of the CRM to which a consent returns"),
    ("events", "events that the CRM received"),
    ("mx", "mail for the auto-BCC domain: POST /?to=&authentication=pass|fail|none"),
    ("provider", "mails that the location's provider took"),
)


def told(stack: Stack, *, after_s: float) -> str:
    """Everything a newcomer needs after a start that took `after_s` seconds."""
    where = [(name, url, "") for name, url in stack.endpoints.functions.items()]
    where += [(name, str(getattr(stack.endpoints, name)), text) for name, text in PARTS]
    where.append(("smtp", stack.plan.host("smtp"), "the provider's SMTP server"))
    width = max(len(name) for name, _, _ in where)
    lines = [f"The stack runs, {after_s:.1f} s after its start. Ctrl-C stops it.", ""]
    lines += [f"  {name:<{width}}  {url}  {text}".rstrip() for name, url, text in where]
    lines += [
        "",
        f"  endpoints  {stack.plan.run_dir / 'endpoints.json'}",
        f"  logs       {stack.plan.run_dir / 'logs'}",
    ]
    return "\n".join([*lines, "", _to_try(stack)] if stack.endpoints.seed else lines)


def _to_try(stack: Stack) -> str:
    user, contact, endpoints = USERS[0], CONTACTS[0], stack.endpoints
    return TRY.format(
        user=user.name,
        user_id=user.id,
        mailbox=user.email,
        location=LOCATION,
        contact=contact.name,
        contact_id=contact.id,
        contact_email=contact.email,
        gmail=endpoints.gmail,
        issuer=endpoints.issuer,
        events=endpoints.events,
        connections=endpoints.functions["connections"],
        conversations=endpoints.functions["conversations"],
        send_email=endpoints.functions["send_email"],
    )
