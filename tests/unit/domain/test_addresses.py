"""The strict reader of header addresses and of identities."""

import pytest

from shared.domain.addresses import (
    Address,
    Person,
    Reading,
    read_addresses,
    read_sender,
)


def person(address: str, name: str = "") -> Person:
    return Person(name, Address(address))


def reading(*people: Person, ambiguous: bool = False) -> Reading:
    return Reading(people, ambiguous=ambiguous)


READABLE = {
    "bare": ("bob@client.example", person("bob@client.example")),
    "case goes": ("Bob@Client.EXAMPLE", person("bob@client.example")),
    "angle": ("<bob@client.example>", person("bob@client.example")),
    "named": ("Bob Builder <bob@client.example>", person("bob@client.example", "Bob Builder")),
    "quoted name": (r'"Builder, \"Bob\"" <bob@client.example>', person("bob@client.example", 'Builder, "Bob"')),
    "unquoted dot": ("Bob J. Builder <bob@client.example>", person("bob@client.example", "Bob J. Builder")),
    "unicode name": ("Žofie Nováková <zofie@client.example>", person("zofie@client.example", "Žofie Nováková")),
    "comment as name": ("bob@client.example (Bob (the) Builder)", person("bob@client.example", "Bob (the) Builder")),
    "RFC 5322 A.5": (
        r"Pete(A nice \) chap) <pete(his account)@silly.test(his host)>",
        person("pete@silly.test", "Pete"),
    ),
    "folded": ("Bob\r\n Builder\r\n\t<bob@client.example>", person("bob@client.example", "Bob Builder")),
    "route": ("<@relay.example,@other.example:bob@client.example>", person("bob@client.example")),
    "space around at": ("bob @ client.example", person("bob@client.example")),
    "quoted local part": ('"bob builder"@client.example', person('"bob builder"@client.example')),
    "needless quotes": ('"Bob"@client.example', person("bob@client.example")),
    "IDN": ("Dora <dora@MÜLLER.example>", person("dora@xn--mller-kva.example", "Dora")),
    "A-label": ("dora@xn--mller-kva.example", person("dora@xn--mller-kva.example")),
    "EAI local part": ("jürgen@client.example", person("jürgen@client.example")),
    "name is the address": (
        '"bob@client.example" <Bob@client.example>',
        person("bob@client.example", "bob@client.example"),
    ),
    "unquoted name is the address": (
        "bob@client.example <bob@client.example>",
        person("bob@client.example", "bob@client.example"),
    ),
    "IDN name is the address": (
        '"dora@müller.example" <dora@xn--mller-kva.example>',
        person("dora@xn--mller-kva.example", "dora@müller.example"),
    ),
    "at in a name": ('"Bob @ Client (@bob)" <bob@client.example>', person("bob@client.example", "Bob @ Client (@bob)")),
    "encoded word": ("=?utf-8?q?Z=C3=B3ra?= <z@client.example>", person("z@client.example", "Zóra")),
    "encoded words joined": (
        "=?UTF-8?B?xb0=?= =?utf-8?Q?ofie_?=\r\n =?utf-8?q?N=C5?= =?utf-8?q?=AF?= <z@client.example>",
        person("z@client.example", "Žofie Nů"),
    ),
    "iso-2022-jp": ("=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <hiro@nihon.example>", person("hiro@nihon.example", "山田")),
    "koi8-r": ("=?koi8-r?Q?=E9=D7=C1=CE?= <ivan@client.example>", person("ivan@client.example", "Иван")),
    "language tag": ("=?us-ascii*en?q?Keith?= <k@client.example>", person("k@client.example", "Keith")),
    "unknown charset": ("=?x-none?q?J=FCrgen?= <j@client.example>", person("j@client.example", "Jürgen")),
    "comma in encoded word": ("=?utf-8?q?M,_Hans?= <h@client.example>", person("h@client.example", "M, Hans")),
    "broken base64": ("=?utf-8?b?*bob*?= <b@client.example>", person("b@client.example", "=?utf-8?b?*bob*?=")),
    "hidden direction marks": ('"\u202ebob\u202c" <b@client.example>', person("b@client.example", "bob")),
}


@pytest.mark.parametrize(("value", "expected"), READABLE.values(), ids=READABLE)
def test_one_mailbox_is_read_with_its_name(value: str, expected: Person) -> None:
    assert read_addresses(value) == reading(expected)


LISTS = {
    "nobody": ("", []),
    "white space": (" \r\n\t ", []),
    "two": ("a@x.example, B <b@x.example>", ["a@x.example", "b@x.example"]),
    "header order and repeats": (
        "b@x.example, a@x.example, b@x.example",
        ["b@x.example", "a@x.example", "b@x.example"],
    ),
    "semicolons": ("a@x.example; b@x.example;", ["a@x.example", "b@x.example"]),
    "empty elements": (",, a@x.example,,b@x.example, ,", ["a@x.example", "b@x.example"]),
    "group": ("Team: a@x, B <b@y>; c@z", ["a@x", "b@y", "c@z"]),
    "two groups": ('"The team" : a@x.example;, Rest: b@x.example ;', ["a@x.example", "b@x.example"]),
    "empty group": ("undisclosed-recipients:;", []),
    "commas in quotes and comments": ('"a, b" <c@x.example> (d, e), f@x.example', ["c@x.example", "f@x.example"]),
    "folded": ("a@x.example,\r\n\tb@x.example,\r\n c@x.example", ["a@x.example", "b@x.example", "c@x.example"]),
}


@pytest.mark.parametrize(("value", "addresses"), LISTS.values(), ids=LISTS)
def test_lists_are_read_in_header_order(value: str, addresses: list[str]) -> None:
    found = read_addresses(value)
    assert ([str(one.address) for one in found.people], found.ambiguous) == (addresses, False)


AMBIGUOUS = {
    "name is another address": '"a@b.com" <x@evil.com>',
    "unquoted name is another address": "a@b.com <x@evil.com>",
    "name contains another address": '"Bob (bob@client.example)" <x@evil.com>',
    "name contains it between apostrophes": "\"'bob@client.example' via list\" <x@evil.com>",
    "name hides it behind an encoded word": "=?utf-8?q?bob=40client.example?= <x@evil.com>",
    "name hides it behind base64": "=?utf-8?b?Ym9iQGNsaWVudC5leGFtcGxl?= <x@evil.com>",
    "name hides it behind two encoded words": "=?utf-8?q?bob=40?= =?utf-8?q?client.example?= <x@evil.com>",
    "name hides it behind UTF-7": "=?utf-7?q?bob+AEA-client.example?= <x@evil.com>",
    "name hides it behind an unknown charset": "=?x-none?q?bob=40client.example?= <x@evil.com>",
    "name hides it in a quoted encoded word": '"=?utf-8?q?bob=40client.example?=" <x@evil.com>',
    "name hides it behind a wide at": '"bob\uff20client.example" <x@evil.com>',
    "name hides it with no-width spaces": '"bob\u200b@client.example" <x@evil.com>',
    "comment is another address": "x@evil.com (bob@client.example)",
    "two angles": "<a@b> <c@d>",
    "angle in angle": "<a@b <c@d>>",
    "text after the angle": "Bob <bob@client.example> more",
    "two ats": "a@b@evil.com",
    "two ats in angle": "Bob <bob@client.example@evil.com>",
    "at in quoted local part": '"bob@client.example"@evil.com',
    "two words": "bob bob@client.example",
    "no address": "Bob",
    "empty angle": "<>",
    "empty local part": "@client.example",
    "empty domain": "bob@",
    "NUL": "bob\0@client.example",
    "NUL in the name": '"Bob\0" <bob@client.example>',
    "bare CR": "Bob\r<bob@client.example>",
    "CRLF that begins a header": "bob@client.example\r\nBcc: x@evil.com",
    "CRLF in an encoded word": "=?utf-8?q?Bob=0D=0ABcc:_eve?= <bob@client.example>",
    "line separator": "Bob\u2028 <bob@client.example>",
    "half a character": "Bob \ud800 <bob@client.example>",
    "local part of 65": f"{'a' * 65}@client.example",
    "length of 255": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example.net",
    "label of 64": f"bob@{'c' * 64}.example",
    "dot first": ".bob@client.example",
    "dot last": "bob.@client.example",
    "two dots": "bob..b@client.example",
    "two dots in the domain": "bob@client..example",
    "dot after the domain": "bob@client.example.",
    "underscore in the domain": "bob@cli_ent.example",
    "hyphen first": "bob@-client.example",
    "numbers only": "bob@192.0.2.1",
    "address literal": "bob@[192.0.2.1]",
    "no-width space in the domain": "bob@cli\u200bent.example",
    "soft hyphen in the domain": "bob@cli\u00adent.example",
    "wide letters in the domain": "bob@\uff43lient.example",
    "Kelvin sign": "bob@\u212aelvin.example",
    "Kelvin sign in the local part": "\u212aim@client.example",
    "capital I with a dot": "\u0130da@client.example",
    "wide full stop": "bob@client\u3002example",
    "false A-label": "bob@xn--zzzzzzzzz-.example",
    "unclosed angle": "Bob <bob@client.example",
    "unclosed quote": '"Bob <bob@client.example>',
    "unclosed comment": "bob@client.example (Bob",
    "stray backslash": "bo\\b@client.example",
    "group in a group": "A: B: bob@client.example;;",
    "group named like an address": "bob@client.example: x@evil.com;",
    "folded header line": "x@evil.com\r\n Bcc: bob@client.example",
}


@pytest.mark.parametrize("value", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_R35_what_two_readers_could_take_differently_is_nobody_and_reported(value: str) -> None:
    assert read_addresses(value) == reading(ambiguous=True)


@pytest.mark.parametrize("value", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_R35_an_ambiguous_from_is_no_sender(value: str) -> None:
    assert read_sender([value]) is None


def test_one_unreadable_element_leaves_the_others_readable() -> None:
    found = read_addresses("a@x.example, b@c@d, E <e@x.example>")
    assert found == reading(person("a@x.example"), person("e@x.example", "E"), ambiguous=True)


def test_members_of_an_unclosed_group_are_read_but_reported() -> None:
    assert read_addresses("Team: a@x.example") == reading(person("a@x.example"), ambiguous=True)


def test_a_long_name_is_cut() -> None:
    (found,) = read_addresses(f'"{"n" * 1000}" <a@x.example>').people
    assert found.name == "n" * 200


SENDERS = {
    "one": (["Bob <bob@client.example>"], "bob@client.example"),
    "the same twice in one header": (["bob@client.example, Bob <BOB@client.example>"], "bob@client.example"),
    "the same header twice": (["Bob <bob@client.example>", "bob@client.example"], "bob@client.example"),
    "none": ([], None),
    "empty": ([""], None),
    "two people": (["bob@client.example, eve@evil.example"], None),
    "two headers": (["bob@client.example", "eve@evil.example"], None),
    "an empty header beside another": (["", "bob@client.example"], None),
    "group": (["Team: bob@client.example;"], None),
    "empty group": (["Nobody:;"], None),
    "bounce": (["<>"], None),
}


@pytest.mark.parametrize(("values", "expected"), SENDERS.values(), ids=SENDERS)
def test_R35_a_missing_double_or_ambiguous_from_is_nobody(values: list[str], expected: str | None) -> None:
    found = read_sender(values)
    assert (found and found.address) == expected
