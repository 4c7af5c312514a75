"""History is cut into chunks that lose nothing and never let the cursor pass what is not settled."""

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.history import Change, ChangeKind, Chunk, chunks
from shared.domain.identifiers import GmailId, ThreadId


def change(at: int, kind: ChangeKind, name: str, *labels: str) -> Change:
    return Change(at, kind, GmailId(name), ThreadId("t"), frozenset(labels))


def one(*changes: Change) -> Chunk:
    (chunk,) = chunks(changes, 50, more=False)
    return chunk


def test_a_mail_that_arrives_twice_in_the_records_is_one_item() -> None:
    added = change(7, ChangeKind.ADDED, "a", "INBOX")
    chunk = one(added, change(8, ChangeKind.ADDED, "a", "INBOX"))
    assert [item.gmail_id for item in chunk.items] == ["a"]
    assert chunk.cursor == 8


def test_R19_a_draft_is_never_asked_for_unless_it_was_sent_meanwhile() -> None:
    draft = change(7, ChangeKind.ADDED, "a", "DRAFT")
    assert one(draft).items[0].never
    sent = one(draft, change(8, ChangeKind.LABELS_ADDED, "a", "SENT")).items[0]
    assert sent.fresh
    assert not sent.never


def test_R19_mail_whose_spam_label_is_taken_off_is_as_if_it_had_just_arrived() -> None:
    item = one(change(7, ChangeKind.LABELS_REMOVED, "a", "SPAM")).items[0]
    assert item.fresh


def test_R54_only_what_came_before_the_records_is_merely_rescued() -> None:
    added, out = change(7, ChangeKind.ADDED, "a", "SPAM"), change(8, ChangeKind.LABELS_REMOVED, "a", "SPAM")
    starred, sent = change(7, ChangeKind.LABELS_ADDED, "a", "STARRED"), change(9, ChangeKind.LABELS_ADDED, "a", "SENT")
    told = {records: one(*records).items[0].rescued for records in [(added,), (added, out), (out, sent), (starred,)]}
    assert set(told.values()) == {False}
    assert one(out).items[0].rescued
    assert one(starred, out).items[0].rescued


def test_R19_other_label_changes_bring_in_nothing() -> None:
    assert not one(change(7, ChangeKind.LABELS_ADDED, "a", "IMPORTANT")).items
    assert not one(change(7, ChangeKind.LABELS_ADDED, "a", "UNREAD")).items[0].fresh
    assert one(change(7, ChangeKind.LABELS_ADDED, "a", "IMPORTANT")).cursor == 7


def test_the_last_record_of_a_page_that_goes_on_does_not_move_the_cursor() -> None:
    page = [change(7, ChangeKind.ADDED, "a"), change(8, ChangeKind.ADDED, "b")]
    (chunk,) = chunks(page, 50, more=True)
    assert chunk.cursor == 7
    assert len(chunk.items) == 2


KINDS = st.sampled_from(list(ChangeKind))
LABELS = st.frozensets(st.sampled_from(["INBOX", "SENT", "DRAFT", "SPAM", "UNREAD", "STARRED", "IMPORTANT"]))
STEPS = st.lists(st.tuples(st.integers(0, 1), KINDS, st.sampled_from("abcdefgh"), LABELS), max_size=60)


@given(STEPS, st.integers(1, 5))
def test_every_change_that_matters_is_in_a_chunk_and_the_cursor_never_passes_one_that_is_in_a_later_chunk(
    steps: list[tuple[int, ChangeKind, str, frozenset[str]]], size: int
) -> None:
    at, changes = 10, []
    for more, kind, name, labels in steps:
        at += more
        changes.append(change(at, kind, name, *labels))
    made = list(chunks(changes, size, more=False))
    seen: set[str] = set()
    for chunk in made:
        seen |= {item.gmail_id for item in chunk.items}
        handled = [one for one in changes if one.history_id <= chunk.cursor and one.kind is ChangeKind.ADDED]
        assert {one.gmail_id for one in handled} <= seen
    assert {one.gmail_id for one in changes if one.kind is ChangeKind.ADDED} <= seen
    if changes:
        assert made[-1].cursor == changes[-1].history_id
