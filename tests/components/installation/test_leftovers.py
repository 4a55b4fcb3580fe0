import json
import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from components.installation import holders, ports, services
from components.installation.finding import Severity
from components.installation.mending import mend
from components.installation.processes import is_running
from components.installation.sizes import measure, state_groups


@pytest.fixture
def dead():
    """Number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def written(installation, pid, port=4200):
    file = services.services_file(installation)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"pid": pid, "prefect_api": f"http://127.0.0.1:{port}/api"}))
    return file


def test_a_process_that_ended_and_was_not_reaped_does_not_run():
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_running(process.pid)
    process.wait()
    assert is_running(os.getpid())


def test_servers_that_were_killed_are_found_and_their_file_is_removed(installation, worst, dead):
    file = written(installation, dead)
    finding = worst(services.look(installation))
    assert (finding.severity, finding.is_mendable) == (Severity.WARNING, True)
    assert list(mend(installation)) == [f"{file}: removed, its servers are gone"]
    assert not file.exists()


def test_a_torn_file_of_services_is_stale(installation, worst):
    written(installation, 1).write_text('{"pid": ')
    assert worst(services.look(installation)).severity is Severity.WARNING


def test_a_younger_process_with_the_number_of_a_killed_one_does_not_pass_for_it(installation, worst):
    os.utime(written(installation, os.getpid()), (1, 1))
    assert worst(services.look(installation)).severity is Severity.WARNING


def test_servers_that_run_are_left_alone(installation, worst):
    file = written(installation, os.getpid())
    assert worst(services.look(installation)).severity is Severity.OK
    assert list(mend(installation)) == []
    assert file.exists()


def test_a_port_that_someone_else_holds_is_named_with_its_holder(installation):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        findings = list(ports.look(replace(installation, environment={"FUSAR_PREFECT_PORT": str(port)})))
    finding = findings[0]
    assert finding.severity is Severity.WARNING
    assert f"port {port}" in finding.message and f"(process {os.getpid()})" in finding.message
    assert f"FUSAR_PREFECT_PORT={port + 1} make up" in finding.remedy


def test_a_port_of_our_own_servers_is_well(installation):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        written(installation, os.getpid(), port)
        finding = next(iter(ports.look(replace(installation, environment={"FUSAR_PREFECT_PORT": str(port)}))))
    assert (finding.severity, "started by `make up`" in finding.message) == (Severity.OK, True)


def test_a_variable_that_is_no_port_is_an_error(installation, worst):
    finding = worst(ports.look(replace(installation, environment={"FUSAR_MLFLOW_PORT": "five"})))
    assert (finding.severity, finding.message) == (Severity.ERROR, "FUSAR_MLFLOW_PORT=five: no port")


def test_a_lock_of_dvc_whose_process_is_gone_is_found_and_removed(installation, worst, dead):
    file = installation.root / ".dvc/tmp/rwlock"
    file.parent.mkdir()
    file.write_text(json.dumps({"/x": {"write": {"pid": dead, "cmd": "dvc repro"}, "read": []}}))
    finding = worst(holders.look(installation))
    assert (finding.severity, finding.is_mendable, str(dead) in finding.message) == (Severity.WARNING, True, True)
    assert list(mend(installation)) == [f"{file}: removed, its processes are gone"]
    assert worst(holders.look(installation)).message == "nothing is locked"


def test_a_lock_of_dvc_that_someone_living_shares_is_left_alone(installation, dead):
    file = installation.root / ".dvc/tmp/rwlock"
    file.parent.mkdir()
    readers = [{"pid": dead, "cmd": "dvc pull"}, {"pid": os.getpid(), "cmd": "dvc push"}]
    file.write_text(json.dumps({"/x": {"read": readers}}))
    assert list(mend(installation)) == []
    assert file.exists()


def test_who_works_on_a_profile_is_named(installation, worst):
    from components.revisions.home import Home

    with Home(installation.root).busy("tiny"):
        finding = worst(holders.look(installation))
    assert (finding.severity, finding.message) == (Severity.INFO, f"profile tiny: process {os.getpid()} works on it")


def test_a_lock_that_a_child_of_a_dead_process_still_holds_is_found(installation, worst):
    locks = installation.state / "locks"
    locks.mkdir(parents=True)
    code = (
        "import fcntl, subprocess, sys; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}\n"
        "child = subprocess.Popen(['sleep', '60'], pass_fds=(file.fileno(),), **quiet)\n"
        "print(child.pid)"
    )
    command = [sys.executable, "-c", code, str(locks / "tiny.busy")]
    child = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    try:
        finding = worst(holders.look(installation))
    finally:
        os.kill(child, 9)
    assert finding.severity is Severity.WARNING
    assert f"fuser -k {locks / 'tiny.busy'}" in finding.remedy


def test_files_with_two_names_count_once_and_sizes_agree_with_du(tmp_path):
    cache, checkout = tmp_path / ".dvc/cache", tmp_path / ".fusar/worktrees"
    for folder in (cache, checkout):
        folder.mkdir(parents=True)
    (cache / "a").write_bytes(os.urandom(3_000_000))
    os.link(cache / "a", checkout / "a")
    (checkout / "b").write_bytes(os.urandom(1_000_000))
    (checkout / "away").symlink_to("/usr")
    sizes = measure(state_groups(tmp_path, tmp_path / ".fusar/remote", cache))
    du = subprocess.run(["du", "-sB1", str(tmp_path)], capture_output=True, text=True, check=True).stdout.split()[0]
    assert sizes.groups["DVC cache and remote"] == pytest.approx(3e6, rel=0.01)
    assert sizes.groups["checkouts"] == pytest.approx(1e6, rel=0.05)
    assert sizes.total == pytest.approx(int(du), rel=0.02)
    assert sizes.is_whole


def test_a_folder_too_large_to_be_counted_in_time_is_told_as_a_lower_bound(tmp_path):
    for number in range(1100):
        (tmp_path / str(number)).touch()
    assert not measure({"all": (tmp_path,)}, seconds=-1).is_whole
