"""Bodies and files out of Gmail's tree of parts."""

import base64
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.content import LONGEST_BODY, MOST_ATTACHMENTS, Content, read_content

Tree = dict[str, Any]


def leaf(text: str | bytes, kind: str = "text/plain", **told: Any) -> Tree:
    octets = text if isinstance(text, bytes) else text.encode()
    data = base64.urlsafe_b64encode(octets).decode().rstrip("=")
    headers = [{"name": "Content-Type", "value": told.pop("declared", kind)}, *told.pop("headers", [])]
    return {"mimeType": kind, "headers": headers, "body": {"size": len(octets), "data": data}, **told}


def multi(kind: str, *parts: Tree) -> Tree:
    return {"mimeType": f"multipart/{kind}", "filename": "", "headers": [], "body": {"size": 0}, "parts": list(parts)}


def html(text: str) -> Tree:
    return leaf(text, "text/html")


def remote(kind: str, part_id: str, filename: str = "", *, size: int = 5, **headers: str) -> Tree:
    listed = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    body = {"attachmentId": f"id-of-{part_id}", "size": size}
    return {"partId": part_id, "mimeType": kind, "filename": filename, "headers": listed, "body": body}


def body(tree: Tree) -> tuple[str, str | None]:
    content = read_content(tree)
    return content.text, content.html


def test_plain_text_alone_has_no_html() -> None:
    assert body(leaf("Hello\r\nBob\rx")) == ("Hello\nBob\nx", None)


def test_html_alone_is_cleaned_and_gives_the_text() -> None:
    assert body(html("<p>Hello <b>Bob</b><script>x</script><p>Bye")) == (
        "Hello Bob\n\nBye",
        "<p>Hello <b>Bob</b></p><p>Bye</p>",
    )


def test_of_alternatives_the_plainest_is_the_text_and_the_richest_the_html() -> None:
    tree = multi("alternative", leaf("plain"), html("<p>poor</p>"), html("<p>rich</p>"))
    assert body(tree) == ("plain", "<p>rich</p>")


def test_inline_texts_of_a_mixed_mail_follow_each_other() -> None:
    assert body(multi("mixed", leaf("one"), remote("image/png", "1", "a.png"), leaf("two"))) == ("one\ntwo", None)


def test_plain_and_html_stretches_are_in_both_forms() -> None:
    tree = multi("mixed", multi("alternative", leaf("a"), html("<p>A</p>")), leaf("b < c\nd"), html("<i>e</i>"))
    assert body(tree) == ("a\nb < c\nd\ne", "<p>A</p>\n<p>b &lt; c<br>\nd</p>\n<i>e</i>")


def test_nested_related_and_alternative_parts_are_told_apart() -> None:
    image = remote("image/png", "0.1.1", "logo.png", Content_ID="<logo@x>", Content_Disposition="inline")
    rich = multi("related", html('<img src="cid:logo@x">Hi'), image)
    content = read_content(
        multi("mixed", multi("alternative", leaf("Hi"), rich), remote("application/pdf", "1", "a.pdf"))
    )
    assert (content.text, content.html) == ("Hi", '<img src="cid:logo@x">Hi')
    assert [(file.filename, file.content_id) for file in content.attachments] == [
        ("logo.png", "logo@x"),
        ("a.pdf", None),
    ]


def test_text_that_is_attached_or_named_is_a_file() -> None:
    attached = leaf("x", headers=[{"name": "Content-Disposition", "value": "attachment"}], partId="1")
    content = read_content(multi("mixed", leaf("body"), attached, leaf("y", filename="notes.txt", partId="2")))
    assert content.text == "body"
    assert [(file.filename, file.octets) for file in content.attachments] == [
        ("attachment-1", b"x"),
        ("notes.txt", b"y"),
    ]


def test_a_calendar_alternative_is_a_file_and_richer_oddities_are_nothing() -> None:
    tree = multi("alternative", leaf("a"), leaf("amp", "text/x-amp-html"), leaf("BEGIN", "text/calendar", partId="2"))
    content = read_content(tree)
    assert (content.text, content.html) == ("a", None)
    assert [(file.filename, file.content_type) for file in content.attachments] == [
        ("attachment-2.ics", "text/calendar")
    ]


def test_a_forwarded_mail_is_one_file_and_nothing_of_it_is_in_the_body() -> None:
    inner = {"partId": "1", "mimeType": "message/rfc822", "filename": "", "headers": [], "body": {"size": 0}}
    tree = multi(
        "mixed", leaf("see below"), {**inner, "parts": [leaf("inner"), remote("image/png", "1.1", "inner.png")]}
    )
    content = read_content(tree)
    (file,) = content.attachments
    assert content.text == "see below"
    assert (file.filename, file.obtainable) == ("attachment-1.eml", False)


def test_files_tell_their_size_and_how_to_get_them() -> None:
    tree = multi(
        "mixed", leaf("x"), remote("application/zip", "1", "a.zip", size=9), leaf(b"", "image/gif", filename="0.gif")
    )
    zipped, empty = read_content(tree).attachments
    assert (zipped.size, zipped.remote_id, zipped.octets, zipped.obtainable) == (9, "id-of-1", None, True)
    assert (empty.size, empty.remote_id, empty.octets, empty.obtainable) == (0, None, b"", True)


def test_text_too_large_to_come_along_is_wanted_and_then_read() -> None:
    tree = multi("alternative", remote("text/plain", "0"), html("<p>h</p>"))
    first = read_content(tree)
    assert (first.text, first.wanted, first.partial) == ("", (("0", "id-of-0"),), True)
    second = read_content(tree, fetched={"0": b"large"})
    assert (second.text, second.wanted, second.partial) == ("large", (), False)


def test_names_come_from_the_headers_if_gmail_gives_none() -> None:
    def named(**headers: str) -> str:
        return read_content(multi("mixed", remote("image/png", "0", size=1, **headers))).attachments[0].filename

    assert named(Content_Disposition="attachment; filename*=utf-8''na%C3%AFve.png") == "naïve.png"
    assert named(Content_Disposition='attachment; filename*0="very-"; filename*1="long.png"') == "very-long.png"
    assert named(Content_Type='image/png; name="=?utf-8?q?gr=C3=BCn.png?="') == "grün.png"
    assert named(Content_Disposition='attachment; filename="../../etc/passwd"') == "passwd"
    assert named() == "attachment-0.png"


def test_bodies_are_decoded_by_the_charset_of_their_part() -> None:
    assert body(leaf("Привет".encode("koi8-r"), declared='text/plain; charset="KOI8-R"')) == ("Привет", None)


def test_bytes_that_fit_no_charset_do_not_stop_the_rest() -> None:
    assert body(leaf(b"a\xff\xfeb", declared="text/plain; charset=utf-8")) == ("a\ufffd\ufffdb", None)
    assert body(leaf(b"a\0b")) == ("ab", None)


def test_flowed_lines_are_joined() -> None:
    flowed = "one \r\ntwo\r\n> quoted \r\n> on \r\n>> deeper \r\nanswer\r\n-- \r\nBob"
    expected = "one two\n> quoted on \n>> deeper \nanswer\n-- \nBob"
    assert body(leaf(flowed, declared="text/plain; format=flowed"))[0] == expected
    assert body(leaf("日 \r\n本", declared="text/plain; charset=utf-8; format=Flowed; DelSp=yes"))[0] == "日本"


@pytest.mark.parametrize("data", ["SGVsbG8", "SGVsbG8=", "SGVs\nbG8", "SGVsbG8=====", "SGVsbG8AA"[:7] + "!"])
def test_base64_is_read_as_far_as_it_goes(data: str) -> None:
    assert body({"mimeType": "text/plain", "body": {"data": data}})[0] == "Hello"


def test_a_multipart_without_parts_is_read_as_text() -> None:
    assert body({**leaf("--x\nlost"), "mimeType": "multipart/mixed"})[0] == "--x\nlost"


@pytest.mark.parametrize("depth", [100, 3_000])
def test_T17_deep_nesting_is_read(depth: int) -> None:
    tree = leaf("deep")
    for number in range(depth):
        tree = multi("mixed" if number % 2 else "alternative", tree)
    assert body(tree) == ("deep", None)


def test_T17_of_too_many_parts_the_first_are_read_and_the_rest_is_flagged() -> None:
    content = read_content(multi("mixed", *[leaf("x")] * 20_000))
    assert content.partial
    assert 9_000 < content.text.count("x") < 10_000


def test_T17_of_too_many_files_the_first_are_listed_and_the_rest_is_flagged() -> None:
    content = read_content(multi("mixed", *[remote("image/png", str(number), "a.png") for number in range(501)]))
    assert (len(content.attachments), content.partial) == (MOST_ATTACHMENTS, True)


def test_T17_a_body_beyond_the_limit_is_cut_and_flagged() -> None:
    content = read_content(leaf("x" * (LONGEST_BODY + 1)))
    assert (len(content.text), content.partial) == (LONGEST_BODY, True)
    assert not read_content(leaf("x" * LONGEST_BODY)).partial


def test_an_embedded_image_does_not_count_as_body() -> None:
    embedded = "A" * LONGEST_BODY
    content = read_content(html(f'<img src="data:image/png;base64,{embedded}">seen'))
    assert (content.html, content.partial) == ("<img>seen", False)


def test_T17_texts_nested_in_alternatives_take_linear_time() -> None:
    tree = leaf("x" * 10_000)
    for _ in range(2_000):
        tree = multi("alternative", multi("mixed", leaf("x" * 1_000), tree))
    began = time.process_time()
    read_content(tree)
    assert time.process_time() - began < 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["text/plain", "text/html", "multipart/mixed", "multipart/alternative", "message/rfc822", "", "x"]
)
FIELDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["Content-Type", "Content-Disposition", "Content-ID"]),
            "value": st.text()
            | st.sampled_from(["attachment", "text/plain; charset=utf-7; format=flowed", "x; name*0*=''%"]),
        }
    )
)
TREES = st.recursive(
    st.fixed_dictionaries({"mimeType": KINDS | JSON, "body": st.fixed_dictionaries({"data": st.text()}) | JSON}),
    lambda below: st.fixed_dictionaries(
        {
            "mimeType": KINDS,
            "parts": st.lists(below, max_size=4) | JSON,
            "headers": FIELDS | JSON,
            "filename": st.text() | JSON,
        }
    ),
    max_leaves=10,
)


@given(TREES)
def test_no_tree_raises_and_what_is_read_can_be_stored(tree: Tree) -> None:
    content = read_content(tree)
    assert isinstance(content, Content)
    for text in (content.text, content.html or "", *(file.filename for file in content.attachments)):
        assert "\0" not in text
        text.encode()
    assert all(file.filename for file in content.attachments)
