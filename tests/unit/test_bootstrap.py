"""envs/setup.sh: what a machine lacks is said in one line with its remedy; a ready .venv is left alone."""

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# fmt: off
TOOLS = ["awk", "bash", "cat", "cp", "cut", "dirname", "flock", "grep", "mkdir", "mv", "rm", "sh",
         "sha256sum", "sleep", "tail", "touch", "uname"]
# fmt: on
LOCK = "# A comment with ==\nnebula==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"

# A Python that answers only what the script asks: its version, its venv module, a pip as a test wants it.
FAKE_PYTHON = """\
#!/bin/sh
case "$*" in
    *version_info*) echo {version} ;;
    *ensurepip*) exit {ensurepip} ;;
    "-m venv --clear .venv")
        {venv}
        rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    *"pip install"*)
        echo "$*" >>pip-calls
        {pip} ;;
    "-c ") exit 0 ;;
    *) echo "unexpected: $*" >&2; exit 3 ;;
esac
"""


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@dataclass
class Checkout:
    """A checkout with only the set-up script and a lock, on a machine with only basic tools."""

    place: Path
    tools: Path
    environment: dict[str, str] = field(default_factory=dict)

    def add_python(self, name: str, version: str, ensurepip: int = 0, venv: str = ":", pip: str = "echo done") -> Path:
        path = self.tools / name
        executable(path, FAKE_PYTHON.format(version=version, ensurepip=ensurepip, venv=venv, pip=pip))
        return path

    def add_tool(self, name: str, text: str) -> None:
        (self.tools / name).unlink(missing_ok=True)
        executable(self.tools / name, text)

    def set_free_space(self, kilobytes: int) -> None:
        header = "Filesystem 1024-blocks Used Available Capacity Mounted on"
        self.add_tool("df", f"#!/bin/sh\necho '{header}'\necho 'disk 999999999 1 {kilobytes} 1% /'\n")

    def command(self) -> tuple[list[str], dict[str, str]]:
        environment = {"PATH": str(self.tools), "HOME": str(self.place), "LC_ALL": "C", **self.environment}
        return [str(self.place / "envs" / "setup.sh")], environment

    def setup(self) -> subprocess.CompletedProcess[str]:
        command, environment = self.command()
        return subprocess.run(command, env=environment, text=True, capture_output=True, timeout=120, check=False)

    def complaint(self) -> str:
        """The one line that a failing set-up prints as its error."""
        result = self.setup()
        assert result.returncode == 1, result.stdout + result.stderr
        lines = result.stderr.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("setup: ")
        assert not (self.place / ".venv" / "stamp").exists()
        return lines[0]

    def pip_calls(self) -> int:
        calls = self.place / "pip-calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0


def make_checkout(folder: Path) -> Checkout:
    place, tools = folder / "galforge", folder / "bin"
    (place / "envs").mkdir(parents=True)
    tools.mkdir()
    shutil.copy(ROOT / "envs" / "setup.sh", place / "envs")
    (place / "envs" / "requirements.lock").write_text(LOCK)
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"{tool} is needed to run the set-up"
        (tools / tool).symlink_to(found)
    checkout = Checkout(place, tools)
    # The tests' own machine may have less space than an installation needs.
    checkout.set_free_space(100_000_000)
    return checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return make_checkout(tmp_path)


def test_no_python(checkout: Checkout) -> None:
    assert "no Python found: install Python 3.11, 3.12 or 3.13 (Debian: apt install" in checkout.complaint()


@pytest.mark.parametrize("version", ["3.10", "3.14", "2.7"])
def test_unsupported_python(checkout: Checkout, version: str) -> None:
    checkout.add_python("python3", version)
    complaint = checkout.complaint()
    assert f"python3 is Python {version}, galforge needs 3.11, 3.12 or 3.13" in complaint
    assert "PYTHON=" in complaint


def test_python_that_does_not_start(checkout: Checkout) -> None:
    """Version managers put commands on PATH that fail; the next candidate is taken."""
    checkout.add_tool("python3.13", "#!/bin/sh\necho 'python3.13: command not found' >&2\nexit 127\n")
    checkout.add_python("python3.12", "3.12")
    result = checkout.setup()
    assert result.returncode == 0, result.stderr
    assert "with python3.12 (3.12)" in result.stdout


def test_named_python_wins(checkout: Checkout) -> None:
    checkout.add_python("python3.13", "3.13")
    checkout.environment["PYTHON"] = str(checkout.add_python("mine", "3.11"))
    assert f"with {checkout.tools / 'mine'} (3.11)" in checkout.setup().stdout


def test_named_python_is_missing(checkout: Checkout) -> None:
    checkout.add_python("python3.13", "3.13")
    checkout.environment["PYTHON"] = "python3.99"
    assert "PYTHON=python3.99 does not run: name a Python 3.11, 3.12 or 3.13" in checkout.complaint()


def test_no_venv_module(checkout: Checkout) -> None:
    checkout.add_python("python3", "3.11", ensurepip=1)
    complaint = checkout.complaint()
    assert "Python 3.11 cannot make virtual environments" in complaint
    assert "apt install python3.11-venv (or python3-venv)" in complaint


def test_another_python_has_the_venv_module(checkout: Checkout) -> None:
    checkout.add_python("python3.13", "3.13", ensurepip=1)
    checkout.add_python("python3.11", "3.11")
    assert "with python3.11 (3.11)" in checkout.setup().stdout


def test_venv_fails_for_lack_of_ensurepip(checkout: Checkout) -> None:
    message = "The virtual environment was not created successfully because ensurepip is not available."
    checkout.add_python("python3.12", "3.12", venv=f'echo "{message}"; exit 1')
    assert "apt install python3.12-venv (or python3-venv)" in checkout.complaint()


def test_venv_fails_otherwise(checkout: Checkout) -> None:
    checkout.add_python("python3.12", "3.12", venv='echo "Error: [Errno 13] Permission denied"; exit 1')
    assert "python3.12 cannot make .venv: Error: [Errno 13] Permission denied" in checkout.complaint()


@pytest.mark.parametrize(("index", "needed"), [(None, 10), ("file:///cpu", 3), ("file:///cu126", 10)])
def test_too_little_disk_space(checkout: Checkout, index: str | None, needed: int) -> None:
    checkout.set_free_space(2_500_000)
    checkout.add_python("python3.12", "3.12")
    if index:
        checkout.environment["TORCH_INDEX"] = index
    complaint = checkout.complaint()
    assert f"not enough disk space: 2 GB free at {checkout.place}, about {needed} GB needed" in complaint
    assert checkout.pip_calls() == 0


def test_disk_fills_up(checkout: Checkout) -> None:
    checkout.add_python("python3.12", "3.12", pip='echo "ERROR: [Errno 28] No space left on device"; exit 1')
    assert "the disk is full: free 10 GB" in checkout.complaint()


def test_pip_fails_otherwise(checkout: Checkout) -> None:
    said = "ERROR: No matching distribution found for nebula==1.0"
    checkout.add_python("python3.12", "3.12", pip=f'echo "{said}"; exit 1')
    assert f"pip failed: {said} (details: .venv/setup.log)" in checkout.complaint()


def test_hashes_are_checked_and_torch_comes_on_its_own(checkout: Checkout) -> None:
    """pip checks the hashes of all packages of a call or of none, and torch has other hashes in each build."""
    keep = 'cp .venv/tmp/* . ; case "$*" in *--require-hashes*) cp .venv/tmp/hashed first ;; esac'
    checkout.add_python("python3.12", "3.12", pip=keep)
    rest = "torch==2.13.0\nvega==3.1 \\\n    --hash=sha256:22\n"
    (checkout.place / "envs" / "requirements.lock").write_text(LOCK + rest)
    checkout.environment["TORCH_INDEX"] = "file:///cpu"
    result = checkout.setup()
    assert result.returncode == 0, result.stderr
    hashed, builds = (checkout.place / "pip-calls").read_text().splitlines()
    assert hashed.endswith("--require-hashes -r .venv/tmp/hashed")
    assert builds.endswith("--extra-index-url file:///cpu --constraint .venv/tmp/pins -r .venv/tmp/builds")
    without_comment = LOCK.split("\n", 1)[1]
    assert (checkout.place / "first").read_text() == without_comment + rest.split("\n", 1)[1]
    assert (checkout.place / "builds").read_text() == "torch==2.13.0\n"
    assert (checkout.place / "pins").read_text() == "nebula==1.0\ntorch==2.13.0\nvega==3.1\n"


def test_space_in_the_path(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "my galaxies")
    checkout.add_python("python3.12", "3.12")
    assert "the path of this folder has a space" in checkout.complaint()


def test_second_call_does_nothing(checkout: Checkout) -> None:
    checkout.add_python("python3.12", "3.12", pip='echo "  Downloading nebula-1.0-py3-none-any.whl (12.3 MB)"')
    first = checkout.setup()
    assert first.returncode == 0, first.stderr
    assert "setup:   downloading nebula-1.0 (12.3 MB)" in first.stdout
    assert "setup: done in" in first.stdout
    second = checkout.setup()
    assert second.returncode == 0
    assert second.stdout == "setup: .venv is up to date\n"
    (checkout.place / "envs" / "requirements.lock").touch()
    assert checkout.setup().stdout == "setup: .venv is up to date\n"
    assert checkout.pip_calls() == 1


def test_changed_lock_moved_checkout_and_lost_python(checkout: Checkout, tmp_path: Path) -> None:
    checkout.add_python("python3.12", "3.12")
    checkout.setup()
    (checkout.place / "envs" / "requirements.lock").write_text(LOCK.replace("1.0", "1.1"))
    assert "making .venv" in checkout.setup().stdout
    moved = Checkout(checkout.place.rename(tmp_path / "elsewhere"), checkout.tools)
    assert "making .venv" in moved.setup().stdout
    (moved.place / ".venv" / "bin" / "python").unlink()
    assert "making .venv" in moved.setup().stdout
    assert moved.pip_calls() == 4


def test_interrupted_set_up_is_repaired(checkout: Checkout) -> None:
    checkout.add_python("python3.12", "3.12", pip=": >.venv/half; exec sleep 60")
    command, environment = checkout.command()
    process = subprocess.Popen(
        command,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell's background jobs ignore it, and so do all that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    half = checkout.place / ".venv" / "half"
    deadline = time.monotonic() + 30
    while not half.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == "setup: interrupted; the next call starts it again"
    checkout.add_python("python3.12", "3.12")
    result = checkout.setup()
    assert result.returncode == 0, result.stderr
    assert "setup: done in" in result.stdout
    assert not half.exists()


def test_two_set_ups_at_once(checkout: Checkout) -> None:
    checkout.add_python("python3.12", "3.12", pip="sleep 0.5; echo done")
    command, environment = checkout.command()
    both = [subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("waiting for another set-up" in text for text in said) == 1
    assert checkout.pip_calls() == 1


def real_python(checkout: Checkout) -> None:
    """Gives the checkout this Python and a pip that asks no index but the one of `environment`."""
    checkout.environment |= {"PYTHON": sys.executable, "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1"}


def test_no_network(checkout: Checkout) -> None:
    real_python(checkout)
    checkout.environment["PIP_INDEX_URL"] = "http://127.0.0.1:9/simple"
    complaint = checkout.complaint()
    assert "no network: pip cannot reach its package index" in complaint
    assert "HTTPS_PROXY or PIP_INDEX_URL" in complaint
    assert "127.0.0.1" in (checkout.place / ".venv" / "setup.log").read_text()


def make_wheels(folder: Path) -> str:
    """Wheels of nebula and of torch in a build of its own; a lock of both."""
    folder.mkdir()
    for name, version in (("nebula", "1.0"), ("torch", "2.13.0+toy")):
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            info = f"{name}-{version}.dist-info"
            wheel.writestr(f"{name}.py", "MAGNITUDE = 7\n")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256((folder / "nebula-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    return f"nebula==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{digest}\ntorch==2.13.0\n"


def test_real_installation(checkout: Checkout, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    (checkout.place / "envs" / "requirements.lock").write_text(make_wheels(wheels))
    real_python(checkout)
    checkout.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    # A copy that the shell's PYTHONPATH offers must not count as installed.
    elsewhere = tmp_path / "elsewhere"
    with zipfile.ZipFile(wheels / "nebula-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(elsewhere)
    checkout.environment["PYTHONPATH"] = str(elsewhere)
    result = checkout.setup()
    assert result.returncode == 0, result.stderr
    python = checkout.place / ".venv" / "bin" / "python"
    said = subprocess.run(
        [python, "-I", "-c", "import nebula, torch; print(nebula.MAGNITUDE, nebula.__file__)"],
        text=True,
        capture_output=True,
        check=True,
    )
    assert said.stdout.startswith(f"7 {checkout.place}/.venv/")
    assert not (checkout.place / ".venv" / "tmp").exists()
    assert checkout.setup().stdout == "setup: .venv is up to date\n"


def test_a_file_that_the_lock_does_not_know_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    (checkout.place / "envs" / "requirements.lock").write_text(make_wheels(wheels))
    with zipfile.ZipFile(wheels / "nebula-1.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("burst.py", "MAGNITUDE = -27\n")
    real_python(checkout)
    checkout.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    complaint = checkout.complaint()
    assert "a download is not the file that envs/requirements.lock knows" in complaint
    assert "PIP_INDEX_URL" in complaint
