"""What becomes of mail that the CRM sent or has: at Gmail, by answers, by flags and by claims."""

from hypothesis import strategies as st

from shared.domain.identifiers import LocationId, MessageId
from shared.errors import Doubtful
from tests.faults.schedule.acts_mail import accounts, eligible, picks, pushes
from tests.faults.schedule.acts_office import places
from tests.faults.schedule.play import Play, act
from tests.unit.usecases.office import ANN, ANNS, HERE


@act(weight=2, email=accounts, cut=st.sampled_from([None, None, 50, 500]))
def answer_is_lost(play: Play, email: str, cut: int | None) -> None:
    """The next upload is cut short, or done without an answer."""
    sender, left = play.sender(email), [1]
    sender.cut_at = cut

    def after(call: str) -> None:
        if call == "finish" and left and cut is None:
            left.pop()
            raise Doubtful("the answer is lost")

    sender.after = after


@act(email=accounts, forgets=st.booleans(), keeps=st.booleans())
def gmail_keeps_less(play: Play, email: str, forgets: bool, keeps: bool) -> None:
    """Sessions say nothing of themselves, or sent mail is without our marker, which held once if it was ever read."""
    play.sender(email).forgets = forgets
    if not play.sent:
        play.sender(email).keeps_marker = keeps


@act(email=accounts, pick=picks)
def user_deletes_a_sent_copy(play: Play, email: str, pick: int) -> None:
    ours = [one for one in play.account(email).mails.values() if "SENT" in one.labels and _by_crm(play, one.id, email)]
    if ours:
        play.plant.deletes(email, ours[-1 - pick % len(ours)].id)


def _by_crm(play: Play, gmail_id: str, email: str) -> bool:
    return not any(one.gmail_id == gmail_id and one.account == email for one in play.expected.copies)


@act(weight=2, pick=picks, pushed=pushes)
def contact_answers_the_crm(play: Play, pick: int, pushed: str) -> None:
    """The answer to a mail that the CRM sent."""
    gone = [one for one in play.sent.values() if one.known_sent]
    if not gone:
        return
    sent = gone[-1 - pick % len(gone)]
    letter = eligible(play, sent.to, sent.account, thread=sent.name, answers=sent.name)
    play.posts(letter, pushed=pushed != "lost")
    if pushed == "now":
        play.plant.deliver()


@act(pick=picks, at=places, read=st.booleans(), starred=st.booleans())
def crm_flags(play: Play, pick: int, at: LocationId, read: bool, starred: bool) -> None:
    """Flags of a message that is in a conversation."""
    names = [name for name, where in play.expected.placed if where == at]
    if not names:
        return
    name = names[-1 - pick % len(names)]
    subject = next(one.letter.subject for one in play.plant.posts if one.letter.name == name)
    found = [one for one in play.plant.messages(at) if one.subject == subject]
    assert len(found) == 1, (subject, at)
    body = {"read": read, "starred": starred}
    path = f"/messages/{found[0].id}/flags"
    answer = play.plant.insist("conversations", "POST", path, body, location=at)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    play.flags[name, at] = read, starred


@act(changes=True, pick=picks, to=st.sampled_from([None, HERE, "there"]))
def user_moves_a_claim(play: Play, pick: int, to: LocationId | None) -> None:
    """A thread that a location has is given to another one, or to none."""
    claimed = [
        (key, thread)
        for key, thread in play.expected.world["threads"].items()
        if thread["claimed_by"] and key[0] == ANNS
    ]
    if not claimed:
        return
    (email, name), thread = claimed[-1 - pick % len(claimed)]
    there = [
        one
        for one in play.plant.messages(thread["claimed_by"])
        if any(str(source.thread_id) == name for source in one.sources.values())
    ]
    if not there:
        return
    play.expected.unsure_threads.add((email, name))
    path, body = f"/messages/{MessageId(there[0].id)}/claim", {"to": to}
    answer = play.plant.insist("conversations", "POST", path, body, user=ANN, location=thread["claimed_by"])
    assert answer.status_code in {200, 403, 404, 409}, answer.get_data(as_text=True)
    play.counts["claims moved"] += answer.status_code == 200
