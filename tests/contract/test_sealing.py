"""What is sealed opens only where it belongs, unaltered, and under a key that there still is (T08, T09)."""

import base64
import json

import pytest

from shared.adapters.sealing.keyset import parsed
from shared.adapters.sealing.sealer import KeysetSealer
from shared.errors import Refused
from shared.ports.gmail import Sealer
from tests.fakes.sealer import FakeSealer

SECRET = "1//0-refresh-token-\u00e9"
K1, K2 = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


def keyset(primary: str = "k1", **keys: str) -> str:
    return json.dumps({"primary": primary, "keys": keys or {"k1": K1}})


def real(primary: str = "k1", **keys: str) -> KeysetSealer:
    return KeysetSealer(parsed(keyset(primary, **keys)))


@pytest.fixture(params=["real", "fake"])
def sealer(request: pytest.FixtureRequest) -> Sealer:
    return real() if request.param == "real" else FakeSealer()


def test_what_is_sealed_is_not_shown_and_opens_where_it_belongs(sealer: Sealer) -> None:
    sealed = sealer.seal(SECRET, owner="mailbox", purpose="refresh-token")

    assert SECRET not in sealed
    assert sealer.unseal(sealed, owner="mailbox", purpose="refresh-token") == SECRET


@pytest.mark.parametrize(
    ("owner", "purpose"), [("other", "refresh-token"), ("mailbox", "other"), ("", "mailboxrefresh-token")]
)
def test_t08_moved_to_another_document_or_purpose_it_does_not_open(sealer: Sealer, owner: str, purpose: str) -> None:
    sealed = sealer.seal(SECRET, owner="mailbox", purpose="refresh-token")

    with pytest.raises(Refused):
        sealer.unseal(sealed, owner=owner, purpose=purpose)


def test_a_signature_is_good_for_its_text_and_purpose_only(sealer: Sealer) -> None:
    mac = sealer.sign("entry", purpose="marker")

    assert len(mac) == 32
    assert int(mac, 16) >= 0
    assert sealer.verified("entry", mac, purpose="marker")
    for text, given, purpose in [
        ("entry2", mac, "marker"),
        ("entry", mac, "other"),
        ("entry", mac[:-1] + ("0" if mac[-1] != "0" else "1"), "marker"),
        ("entry", mac[:-1], "marker"),
        ("entry", "", "marker"),
        ("entry", "\u00e9\ud800", "marker"),
    ]:
        assert not sealer.verified(text, given, purpose=purpose)


def test_t08_each_altered_byte_keeps_it_shut() -> None:
    sealer = real()
    sealed = sealer.seal(SECRET, owner="mailbox", purpose="p")
    head, _, text = sealed.rpartition(".")
    raw = base64.urlsafe_b64decode(text)

    for at in range(len(raw)):
        altered = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(Refused):
            sealer.unseal(f"{head}.{base64.urlsafe_b64encode(altered).decode()}", owner="mailbox", purpose="p")


@pytest.mark.parametrize(
    "change",
    [
        lambda sealed: "",
        lambda sealed: sealed[:-4],
        lambda sealed: sealed + "=",
        lambda sealed: sealed.replace("1.k1.", "2.k1."),
        lambda sealed: sealed.replace("k1", "k9"),
        lambda sealed: sealed.replace("1.k1.", ""),
        lambda sealed: "1.k1.",
        lambda sealed: "1.k1.\u00e9",
        lambda sealed: sealed.replace(".k1.", ".k2."),
    ],
)
def test_t08_truncated_empty_and_foreign_texts_are_refused(change: object) -> None:
    sealer = real(k1=K1, k2=K2)
    sealed = sealer.seal(SECRET, owner="mailbox", purpose="p")
    assert callable(change)

    with pytest.raises(Refused):
        sealer.unseal(change(sealed), owner="mailbox", purpose="p")


def test_t08_no_two_ciphertexts_are_the_same() -> None:
    sealer = real()

    assert len({sealer.seal(SECRET, owner="m", purpose="p") for _ in range(2_000)}) == 2_000


def test_t09_older_keys_read_until_they_are_taken_out() -> None:
    old = real().seal(SECRET, owner="m", purpose="p")
    mac = real().sign("entry", purpose="marker")
    during, after = real("k2", k1=K1, k2=K2), real("k2", k2=K2)

    assert during.unseal(old, owner="m", purpose="p") == SECRET
    assert during.verified("entry", mac, purpose="marker")
    assert during.seal(SECRET, owner="m", purpose="p").startswith("1.k2.")
    with pytest.raises(Refused):
        after.unseal(old, owner="m", purpose="p")
    assert not after.verified("entry", mac, purpose="marker")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        keyset("k2"),
        keyset("k1", k1=base64.b64encode(b"short").decode()),
        keyset("k1", k1="not base64!"),
        keyset("a.b", **{"a.b": K1}),
        json.dumps({"primary": "k1", "keys": {"k1": K1}, "more": 1}),
    ],
)
def test_a_keyset_that_is_not_as_described_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="key") as refused:
        parsed(text)

    assert K1 not in str(refused.value)
    assert refused.value.__cause__ is None


def test_i10_keys_do_not_show() -> None:
    assert K1 not in repr(parsed(keyset()))
    assert "\\x01" not in repr(parsed(keyset()))
