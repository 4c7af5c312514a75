"""Trace contexts as they come from anywhere: exactly what the standards allow is one, and nothing else gets through."""

import pytest

from shared.domain.identifiers import TraceId
from shared.domain.trace import Trace, from_cloud, from_traceparent, traceparent

ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
OURS = TraceId(ID)


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (f"00-{ID}-{SPAN}-01", Trace(OURS, sampled=True)),
        (f"00-{ID}-{SPAN}-00", Trace(OURS)),
        (f"00-{ID}-{SPAN}-03", Trace(OURS, sampled=True)),
        (f"00-{ID}-{SPAN}-ff", Trace(OURS, sampled=True)),
        (f"cc-{ID}-{SPAN}-01", Trace(OURS, sampled=True)),
        (f"cc-{ID}-{SPAN}-00-what-the-future-will-be-like", Trace(OURS)),
    ],
)
def test_a_traceparent_is_read(header: str, trace: Trace) -> None:
    assert from_traceparent(header) == trace


@pytest.mark.parametrize(
    "header",
    [
        None,
        7,
        b"00-" + ID.encode(),
        ["00"],
        "",
        "00",
        ID,
        f"00-{ID}-{SPAN}",
        f"00-{ID}-{SPAN}-",
        f"00-{ID}-{SPAN}-1",
        f"00-{ID}-{SPAN}-001",
        f"00-{ID}-{SPAN}-01-more",
        f"00-{ID}-{SPAN}-01-",
        f"ff-{ID}-{SPAN}-01",
        f"0-{ID}-{SPAN}-01",
        f"00-{ID[1:]}-{SPAN}-01",
        f"00-{ID}0-{SPAN}-01",
        f"00-{ID}-{SPAN[1:]}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{ID}-{'0' * 16}-01",
        f"00-{ID.upper()}-{SPAN}-01",
        f"00-{'g' * 32}-{SPAN}-01",
        f"00-{ID}-{SPAN}-0x",
        f" 00-{ID}-{SPAN}-01",
        f"00-{ID}-{SPAN}-01 ",
        f"00-{ID}-{SPAN}-01\n",
        f"00-{ID}-{SPAN}-01\r\nX-Injected: 1",
        f"00-{ID}\n-{SPAN}-01",
        f"cc-{ID}-{SPAN}-01-\nfuture",
        f"cc-{ID}-{SPAN}-01-" + "x" * 1_000,
        f"cc-{ID}-{SPAN}-01.more",
        f"00_{ID}_{SPAN}_01",
        f"00-{ID}-{SPAN}-01,00-{ID}-{SPAN}-01",
        f'00-{ID[:-2]}","-{SPAN}-01',
        f"00-{ID[:-4]}/../-{SPAN}-01",
        "00-" + "\uff11" * 32 + f"-{SPAN}-01",
        "00-" + "\u0663" * 32 + f"-{SPAN}-01",
        "x" * 1_000_000,
        "00-" * 100_000,
    ],
    ids=lambda header: repr(header)[:40],
)
def test_whatever_is_no_traceparent_is_none(header: object) -> None:
    assert from_traceparent(header) is None


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (ID, Trace(OURS)),
        (f"{ID}/67667974448284343", Trace(OURS)),
        (f"{ID}/67667974448284343;o=1", Trace(OURS, sampled=True)),
        (f"{ID}/0;o=0", Trace(OURS)),
        (f"{ID};o=1", Trace(OURS, sampled=True)),
        (f"{ID.upper()}/1;o=1", Trace(OURS, sampled=True)),
    ],
)
def test_a_cloud_trace_context_is_read(header: str, trace: Trace) -> None:
    assert from_cloud(header) == trace


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "/1;o=1",
        ID[1:],
        f"{ID}0",
        f"{ID}/",
        f"{ID}/{'9' * 21}",
        f"{ID}/abc;o=1",
        f"{ID}/-1",
        f"{ID}/1;o=",
        f"{ID}/1;o=x",
        f"{ID}/1;o=1;more",
        f"{'0' * 32}/1;o=1",
        f"{ID}/1;o=1\n",
        f"{ID}\r\n/1",
        f"projects/p/traces/{ID}",
        "\u0663" * 32,
        f"{ID}/\u0661",
        "x" * 1_000_000,
    ],
    ids=lambda header: repr(header)[:40],
)
def test_whatever_is_no_cloud_trace_context_is_none(header: object) -> None:
    assert from_cloud(header) is None


@pytest.mark.parametrize("sampled", [True, False])
def test_what_is_sent_on_is_read_as_what_it_was(sampled: bool) -> None:
    trace = Trace(OURS, sampled)
    assert from_traceparent(traceparent(trace, SPAN)) == trace
