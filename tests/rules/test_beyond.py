"""Beyond the peers: why a mail is stored or not, and that every mail ends somewhere."""

from datetime import timedelta

import pytest

from shared.domain.identifiers import GmailId
from shared.errors import Refused, Rejected
from shared.usecases.explain import Asked, Explained, Explanation, Extent, explain
from tests.rules.company import PRESETS, Company
from tests.rules.letters import BEGIN, Letter
from tests.rules.situations import CARL, EVE, company
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE, address

DECIDED = {
    "R05": Letter("r05", CARL, (ANNS,), at=BEGIN - timedelta(days=1)),
    "R12": Letter("r12", CARL, (ANNS,)),
    "R13": Letter("r13", ANNS, (CARL,)),
    "R19": Letter("r19", CARL, (ANNS,), labels=("SPAM",)),
    "R22": Letter("r22", "bob@crm.example", (ANNS,)),
    "R23": Letter("r23", EVE, (ANNS,), headers={"Precedence": "bulk"}),
    "R24": Letter("r24", "teller@bank.example", (ANNS,)),
    "R35": Letter("r35", CARL, (ANNS,), raw_from="nobody"),
}
BEFORE = ("R10", "R19", "R05", "R35", "R24", "R22", "R42", "R11", "R13", "R12")


def explained(made: Company, asked: Asked, user: str = ANN, location: str = HERE) -> Explained:
    return explain(
        THERE if location == THERE else HERE,
        asked,
        Extent(),
        caller=BOB if user == BOB else ANN,
        now=made.clock.now(),
        store=made.store,
        access=lambda: made.mailboxes,
    )


def one(made: Company, letter: Letter) -> Explanation:
    (item,) = explained(made, Asked(gmail_id=made.copies[letter.name][ANNS])).items
    return item


@pytest.mark.parametrize("rule", DECIDED)
@pytest.mark.parametrize("preset", PRESETS)
def test_R70_every_decision_is_explained_by_the_rules_that_were_asked_in_their_order(preset: str, rule: str) -> None:
    made = company(preset)
    letter = made.post(DECIDED[rule])

    told = one(made, letter)

    assert told.rule == rule
    assert told.decision == ("stored" if " by " in made.fate(letter) and "out" not in made.fate(letter) else "left_out")
    assert [step.outcome for step in told.trace] == ["passed"] * (len(told.trace) - 1) + ["decided"]
    asked = [step.rule for step in told.trace]
    assert asked[-1] == rule
    known = [step for step in asked[:-1] if step in BEFORE]
    assert known == [step for step in BEFORE if step in known]
    assert told.policy_version


@pytest.mark.parametrize("rule", DECIDED)
def test_R70_the_same_is_told_by_message_id_and_after_the_decision_is_forgotten(rule: str) -> None:
    made = company("known_contacts")
    letter = made.post(DECIDED[rule])
    before = one(made, letter).rule
    by_name = explained(made, Asked(message_id=letter.message_id)).items
    made.clock.advance(days=31)

    assert [item.rule for item in by_name] == [before]
    assert one(made, letter).rule == before
    assert made.bodies_asked() <= set(made.copies[letter.name].values())


def test_R70_by_address_all_mail_with_somebody_is_explained() -> None:
    made = company("known_contacts")
    for name in ("R12", "R13", "R19"):
        made.post(DECIDED[name])
    made.post(DECIDED["R23"])

    items = explained(made, Asked(address=address(CARL))).items

    assert sorted(item.rule or "" for item in items) == ["R12", "R13", "R19"]


def test_R70_nobody_asks_about_another_users_mailbox() -> None:
    made = company("known_contacts")
    letter = made.post(DECIDED["R12"])
    asked = Asked(gmail_id=made.copies[letter.name][ANNS])

    for user, place in ((BOB, HERE), (ANN, THERE)):
        with pytest.raises(Rejected, match="not_connected"):
            explained(made, asked, user, place)


def test_R70_what_nobody_has_seen_is_said_not_to_be() -> None:
    made = company("known_contacts")

    (item,) = explained(made, Asked(gmail_id=GmailId("m99-ann"))).items

    assert (item.decision, item.rule, item.trace) == ("not_seen", None, ())


@pytest.mark.parametrize("preset", PRESETS)
def test_R73_every_mail_ends_as_stored_left_out_gone_or_parked(preset: str) -> None:
    made = company(preset)
    for letter in DECIDED.values():
        made.post(letter, sync=False)
    gone = made.post(Letter("gone", CARL, (ANNS,)), sync=False)
    made.gmail.delete(made.copies[gone.name][ANNS])

    def breaks(call: str, what: str) -> None:
        if call == "headers" and what == made.copies["r12"][ANNS]:
            raise Refused("failedPrecondition", "Gmail refused the request (400).")

    made.gmail.fail = breaks
    made.sync()
    parked = one(made, DECIDED["R12"]).decision
    made.gmail.fail = lambda _name, _what: None
    made.drain(30)

    assert parked == "parked"
    tally = made.mailbox().tally
    assert tally.parked == 0
    assert (tally.stored + tally.left_out, tally.gone) == (len(DECIDED), 1)
    assert made.status().coverage == 100
    assert {one(made, letter).decision for letter in DECIDED.values()} <= {"stored", "left_out"}


def test_R73_what_is_parked_counts_as_not_covered() -> None:
    made = company("known_contacts")

    def breaks(call: str, what: str) -> None:
        if call == "headers" and what == made.copies["r12"][ANNS]:
            raise Refused("failedPrecondition", "Gmail refused the request (400).")

    made.gmail.fail = breaks
    for letter in DECIDED.values():
        made.post(letter, sync=False)
    made.sync()

    coverage = made.status().coverage
    assert coverage
    assert coverage < 100
