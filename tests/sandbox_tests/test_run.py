"""Starting and ending a stack from the command line."""

import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.client.wire import until
from tests.sandbox_tests.launcher import alive, ask, family, launched, without_tool

TOY = "--no-seed"


def test_ctrl_c_ends_everything_and_takes_the_endpoints_back(toy: Path, tmp_path: Path) -> None:
    with launched(tmp_path / "run", "--root", str(toy), TOY) as process:
        pids = family(process.pid)
        assert len(pids) >= 10
        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 0

    until(lambda: not alive(pids), what="the end of every process")
    assert not (tmp_path / "run" / "endpoints.json").exists()


def test_a_stack_in_a_shells_background_hears_ctrl_c_although_it_began_with_that_ignored(
    toy: Path, tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with launched(tmp_path / "run", "--root", str(toy), TOY) as process:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_launcher_that_is_ended_or_killed(toy: Path, tmp_path: Path, how: signal.Signals) -> None:
    with launched(tmp_path / "run", "--root", str(toy), TOY) as process:
        pids = family(process.pid)
        process.send_signal(how)
        process.wait(20)

    until(lambda: not alive(pids), what="the end of every process")


def test_a_folder_is_free_again_after_its_launcher_was_killed(toy: Path, tmp_path: Path) -> None:
    with launched(tmp_path / "run", "--root", str(toy), TOY) as process:
        process.kill()
        process.wait(20)
        (tmp_path / "run" / "endpoints.json").unlink()

    with launched(tmp_path / "run", "--root", str(toy), TOY) as process:
        assert process.poll() is None


def test_a_second_stack_in_the_same_folder_is_refused_in_one_sentence(toy: Path, tmp_path: Path) -> None:
    with launched(tmp_path / "run", "--root", str(toy), TOY) as process:
        second = ask("run", "--run-dir", str(tmp_path / "run"), "--root", str(toy), TOY)

        assert second.returncode == 2
        assert second.stderr.count("\n") == 1
        assert f"already runs in {tmp_path / 'run'} (process {process.pid})" in second.stderr
        assert process.poll() is None


def test_a_second_stack_in_another_folder_runs_beside_the_first(toy: Path, tmp_path: Path) -> None:
    with (
        launched(tmp_path / "one", "--root", str(toy), TOY) as one,
        launched(tmp_path / "two", "--root", str(toy), TOY) as two,
    ):
        assert (one.poll(), two.poll()) == (None, None)


def test_a_taken_port_is_named_in_one_sentence(toy: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = ask("run", "--run-dir", str(tmp_path / "run"), "--root", str(toy), TOY, "--port-base", str(port - 2))

    assert refused.returncode == 2
    assert refused.stderr.startswith(f"Port {port} (crm) is taken")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("tool", ["gcloud", "java"])
def test_a_missing_tool_is_named_in_one_sentence_with_the_command_that_installs_it(
    toy: Path, tmp_path: Path, tool: str
) -> None:
    (tmp_path / "bin").mkdir()
    environment = without_tool(tool, tmp_path / "bin")

    refused = ask("run", "--run-dir", str(tmp_path / "run"), "--root", str(toy), TOY, environment=environment)

    assert refused.returncode == 2
    assert "apt-get install" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_function_that_cannot_start_is_named_and_nothing_is_left(toy: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(toy, broken)
    (broken / "functions" / "show" / "main.py").write_text("import nothing_of_this_name\n")

    refused = ask("run", "--run-dir", str(tmp_path / "run"), "--root", str(broken), TOY)

    assert refused.returncode == 2
    assert "The function show does not start" in refused.stderr
    pids = [int(path.read_text()) for path in (tmp_path / "run" / "pids").iterdir()]
    until(lambda: not alive(pids), what="the end of every process")


@pytest.mark.parametrize("setting", ["OAUTH_CLIENT_ID", "COLOUR=red"])
def test_a_setting_that_does_not_exist_or_has_no_value_is_refused(toy: Path, tmp_path: Path, setting: str) -> None:
    refused = ask("run", "--run-dir", str(tmp_path / "run"), "--root", str(toy), TOY, "--set", setting)

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
