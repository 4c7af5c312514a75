"""What the rules that decide on a mail mean, in a few words for the demonstration."""

WORDS = {
    "R05": "older than the connection",
    "R10": "sent from the CRM",
    "R11": "belongs to a thread of this conversation",
    "R12": "a contact wrote",
    "R13": "the user wrote to a contact",
    "R16": "a contact wrote, with the user among those who got it",
    "R19": "spam, trash, draft or chat",
    "R21": "among colleagues",
    "R22": "everybody in it is internal",
    "R23": "nobody in it is a contact",
    "R24": "excluded by the location or the user",
    "R25": "a part of the thread without the contact",
    "R30": "the first contact in To owns it",
    "R31": "the oldest contact with this address",
    "R32": "a contact in copy",
    "R33": "forwarded to a contact",
    "R34": "sent by the user",
    "R35": "who wrote it is not certain",
    "R42": "another location claimed the thread",
    "R57": "a delivery report, shown on the mail that it is about",
}


def words(rule: str | None) -> str:
    """`R23: nobody in it is a contact`; '' where no rule decided."""
    if rule is None:
        return ""
    return f"{rule}: {WORDS[rule]}" if rule in WORDS else rule
