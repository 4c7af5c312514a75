"""The functions as the stack runs them."""

from tests.client.wire import call, ok, until
from tests.sandbox.faults import children, crash
from tests.sandbox.stack import Stack


def _environment(stack: Stack) -> dict[str, str]:
    return dict(ok(call("GET", stack.endpoints.functions["show"]), "show")["environment"])


def test_a_function_finds_what_the_table_names_for_it_and_nothing_that_it_does_not(stack: Stack) -> None:
    found = _environment(stack)

    assert found["OAUTH_CLIENT_ID"] == "sandbox-client"
    assert found["KEYSET"].startswith("file:///")
    assert found["CLOCK_URL"].startswith(stack.endpoints.gmail)
    assert "GMAIL_TOPIC" not in found
    assert "OAUTH_CLIENT_SECRET" not in found


def test_bytecode_is_written_however_the_stack_was_called(stack: Stack) -> None:
    assert "PYTHONDONTWRITEBYTECODE" not in _environment(stack)


def test_a_function_whose_process_dies_is_started_again(stack: Stack) -> None:
    (killed,) = crash(stack.plan, "show")

    until(lambda: killed not in _serving(stack) and _serving(stack), what="a new process")
    assert _environment(stack)


def _serving(stack: Stack) -> list[int]:
    return children(int((stack.plan.run_dir / "pids" / "show").read_text()))
