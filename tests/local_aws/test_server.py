"""The local AWS begins clean, with what an account holds, is found by its environment alone, and leaves no process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from local_aws import account_seed
from local_aws.account_seed import Certificate, Holdings
from local_aws.clock import Clock
from local_aws.host.addresses import Addresses
from local_aws.host.workplace import Orphans, Workplace
from local_aws.server import LocalAws
from tests.local_aws.ecs.sample_services import wait_for

ROOT = Path(__file__).parents[2]
WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
# A process of the workplace's, started by a run that then dies without a word.
CUT_OFF = """
import os, pathlib, signal, sys, time
import psutil
from local_aws.host import workplace

folder = pathlib.Path(sys.argv[1])
opened = workplace.open_in(folder)
process = opened.processes.start(["sleep", "600"], folder=folder, environment={"PATH": "/usr/bin:/bin"})
while psutil.Process(process.pid).name() != "sleep":  # before that it has not asked for the signal yet
    time.sleep(0.01)
print(process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_environment_alone_leads_boto3_here(aws: LocalAws) -> None:
    done = _python("-c", WHO, environment={"PATH": os.environ["PATH"], **aws.environment()})
    assert done.stdout.strip() == "000000000000", done.stderr


def test_the_cdk_gets_a_home_of_its_own_and_the_region(aws: LocalAws) -> None:
    environment = aws.environment()
    assert Path(environment["CDK_HOME"]).is_relative_to(aws.folder)
    assert {environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]} == {"us-west-2"}
    assert "HOME" not in environment


def test_it_listens_on_loopback_only(aws: LocalAws) -> None:
    port = int(aws.endpoint.rpartition(":")[2])
    listening = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }
    assert listening == {"127.0.0.1"}


def test_a_second_one_in_the_same_process_is_refused(aws: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="runs already"), LocalAws(tmp_path):
        pass


def test_leaving_the_block_ends_every_task_process(tmp_path: Path) -> None:
    """In a process of its own: it starts the AWS, a task in it, and leaves."""
    done = _python(str(Path(__file__).with_name("ecs") / "one_task.py"), str(tmp_path))
    assert done.returncode == 0, done.stderr
    pids = json.loads(done.stdout.splitlines()[-1])
    assert pids
    assert not [pid for pid in pids if _alive(pid)]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_processes_die_with_a_run_that_is_killed(tmp_path: Path) -> None:
    pid = int(_cut_off(tmp_path))
    wait_for(lambda: _alive(pid), lambda alive: not alive)


def test_orphans_of_a_run_that_was_cut_off_are_reaped(tmp_path: Path) -> None:
    left = _sleeping()
    Orphans(tmp_path / "processes").record(left.pid)
    Orphans(tmp_path / "processes").reap()
    assert left.wait(timeout=30) == -signal.SIGKILL
    assert not (tmp_path / "processes").exists()


def test_a_killed_one_leaves_files_in_its_folder_alone_and_the_next_one_there_reaps_all(tmp_path: Path) -> None:
    """In a process of its own: a task, a build and a function write temporary files and into their homes."""
    home, temporary, folder = (tmp_path / name for name in ("home", "temporary", "aws"))
    home.mkdir()
    temporary.mkdir()
    own = {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    done = _python(str(Path(__file__).with_name("busy_aws.py")), str(folder), environment=os.environ | own)
    assert done.returncode == -signal.SIGKILL, done.stderr
    killed = json.loads(done.stdout.splitlines()[-1])
    assert (killed["outside"], list(home.iterdir()), list(temporary.iterdir())) == ([], [], [])
    Workplace(folder).close()
    wait_for(lambda: [pid for pid in killed["left"] if _alive(pid)], lambda alive: not alive)
    assert {file.name for file in folder.rglob("*") if file.is_file()} == {"local-aws.log", "trusted.pem"}


def test_a_process_that_only_has_the_orphans_id_is_spared(tmp_path: Path) -> None:
    other = _sleeping()
    (tmp_path / "processes").write_text(f"{other.pid} 12345.0\n")
    Orphans(tmp_path / "processes").reap()
    time.sleep(0.1)
    assert other.poll() is None
    other.kill()
    other.wait()


def test_two_local_aws_at_once_use_separate_addresses() -> None:
    first, second = Addresses(), Addresses()
    mine, theirs = first.take(), second.take()
    assert mine.rsplit(".", 1)[0] != theirs.rsplit(".", 1)[0]
    first.close()
    second.close()


def test_an_address_comes_back_after_all_others() -> None:
    addresses = Addresses()
    taken = addresses.take()
    addresses.give_back(taken)
    later = [addresses.take() for _ in range(250)]
    assert (later[-1], len(set(later))) == (taken, 250)
    with pytest.raises(RuntimeError, match="no loopback address is left"):
        addresses.take()
    addresses.close()


def test_the_clock_divides_waiting_by_its_speed() -> None:
    assert Clock(speed=60).real(30) == 0.5
    with pytest.raises(ValueError, match="not above 0"):
        Clock(speed=0)


def _cut_off(folder: Path) -> str:
    done = _python("-c", CUT_OFF, str(folder))
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout


def _python(*words: str, environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *words]
    return subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def _sleeping() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)


def _alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


CERTIFICATE = "arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-0000-0000-000000000000"
HOLDINGS = Holdings(
    repositories=["adopted-backend-1"],
    cluster="adopted-cluster",
    certificate=Certificate(CERTIFICATE, "exchange.example.com"),
)


def test_f7_adopted_repositories_have_immutable_tags(aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"""
    account_seed.seed(aws.client, HOLDINGS)
    held = aws.client("ecr").describe_repositories(repositoryNames=["adopted-backend-1"])["repositories"]
    assert [repository["imageTagMutability"] for repository in held] == ["IMMUTABLE"]


def test_seeding_twice_changes_nothing(aws: LocalAws) -> None:
    account_seed.seed(aws.client, HOLDINGS)
    account_seed.seed(aws.client, HOLDINGS)
    clusters = aws.client("ecs").describe_clusters(clusters=["adopted-cluster"])["clusters"]
    assert [cluster["status"] for cluster in clusters] == ["ACTIVE"]


def test_certificate_has_exactly_the_arn_that_it_is_given(aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html"""
    account_seed.seed(aws.client, HOLDINGS)
    certificate = aws.client("acm").describe_certificate(CertificateArn=CERTIFICATE)["Certificate"]
    assert (certificate["CertificateArn"], certificate["DomainName"], certificate["Status"]) == (
        CERTIFICATE,
        "exchange.example.com",
        "ISSUED",
    )
