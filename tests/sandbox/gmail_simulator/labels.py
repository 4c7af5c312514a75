"""Labels: Gmail's own, the user's, and what a name stands for."""

from dataclasses import dataclass

from tests.sandbox.gmail_simulator.wire import Json

CATEGORIES = tuple(f"CATEGORY_{name}" for name in ("PERSONAL", "SOCIAL", "PROMOTIONS", "UPDATES", "FORUMS"))
SYSTEM = ("CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", *CATEGORIES, "STARRED", "UNREAD")
FIXED = frozenset({"SENT", "DRAFT", "CHAT"})
"""Labels that the API neither applies nor removes."""

_HIDDEN = frozenset({"CHAT", *CATEGORIES})


@dataclass(slots=True)
class Label:
    """One label of the user's own."""

    id: str
    name: str
    shown: Json

    def body(self) -> Json:
        """As labels.list gives it."""
        return {"id": self.id, "name": self.name, **self.shown, "type": "user"}


class Labels:
    """The labels of one mailbox."""

    def __init__(self) -> None:
        self._own: dict[str, Label] = {}
        self._made = 0

    def exists(self, label_id: str) -> bool:
        """Whether a label has that id."""
        return label_id in SYSTEM or label_id in self._own

    def find(self, name: str) -> str | None:
        """The id of the label with that id or name, in any case; None if there is none."""
        if name.upper() in SYSTEM:
            return name.upper()
        if name in self._own:
            return name
        return next((label.id for label in self._own.values() if label.name.lower() == name.lower()), None)

    def find_or_make(self, name: str) -> str:
        """The id of the label with that id or name, made if missing."""
        return self.find(name) or self.make(name).id

    def make(self, name: str, shown: Json | None = None) -> Label:
        """A new label of the user's own."""
        self._made += 1
        visible = {"messageListVisibility": "show", "labelListVisibility": "labelShow"}
        label = Label(f"Label_{self._made}", name, {**visible, **(shown or {})})
        self._own[label.id] = label
        return label

    def change(self, label_id: str, name: str | None, shown: Json) -> None:
        """Renames a label of the user's own or changes its visibility; KeyError if there is none."""
        label = self._own[label_id]
        label.name = name or label.name
        label.shown = {**label.shown, **shown}

    def remove(self, label_id: str) -> None:
        """Forgets a label of the user's own; KeyError if there is none."""
        del self._own[label_id]

    def body(self, label_id: str) -> Json | None:
        """The label as labels.list gives it; None if there is none."""
        if label_id in self._own:
            return self._own[label_id].body()
        if label_id not in SYSTEM:
            return None
        hidden = {"messageListVisibility": "hide", "labelListVisibility": "labelHide"} if label_id in _HIDDEN else {}
        return {"id": label_id, "name": label_id, **hidden, "type": "system"}

    def ids(self) -> list[str]:
        """All ids, Gmail's own first."""
        return [*SYSTEM, *self._own]

    def name(self, label_id: str) -> str:
        """What the user calls it."""
        own = self._own.get(label_id)
        return own.name if own else label_id
