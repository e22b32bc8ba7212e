"""A real SLURM of pretended nodes on this host, in a folder of its own: it touches no file and no port of another."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = Path(__file__).parent / "slurm" / "slurm.conf"
DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct", "sacctmgr", "sshare")
GPUS = 2
START_SECONDS, STOP_SECONDS = 60.0, 20.0


class ClusterError(RuntimeError):
    """The cluster did not start."""


@dataclass(frozen=True)
class Cluster:
    """The daemons of one controller and its nodes.

    Attributes:
        folder: where everything of it lies.
        partitions: nodes by partition; each partition but ``cpu`` has nodes with two pretended GPUs.
        gpus: what SLURM calls GPUs. Under another name than ``gpu`` they are counted only, and no job looks for one.
    """

    folder: Path
    partitions: dict[str, list[str]]
    gpus: str = "gpu"

    @property
    def bin(self) -> Path:
        """A folder with SLURM's commands, each bound to this cluster: a job step does not inherit SLURM_CONF."""
        return self.folder / "bin"

    @property
    def nodes(self) -> list[str]:
        return [node for nodes in self.partitions.values() for node in nodes]

    def start(self) -> None:
        """Start all daemons and wait until every node is idle.

        Raises:
            ClusterError: it does not come up; the message has the end of the logs.
        """
        for name in ("munge", "state", "spool", "run", "log", "bin", "gpu"):
            (self.folder / name).mkdir(mode=0o755)
        self._configure()
        munge = self.folder / "munge"
        (munge / "key").touch(mode=0o600)
        (munge / "key").write_bytes(secrets.token_bytes(128))
        words = ["--socket", munge / "socket", "--key-file", munge / "key", "--seed-file", munge / "seed"]
        words += ["--log-file", self.folder / "log" / "munged.log", "--pid-file", self.folder / "run" / "munged.pid"]
        self._daemon("munged", *words)
        self._daemon("slurmctld")
        self._wait(lambda: "is UP" in self.run("scontrol", "ping"), "the controller")
        for node in self.nodes:
            self.start_node(node)
        self._wait(lambda: set(self.run("sinfo", "-h", "-N", "-o", "%t").split()) == {"idle"}, "the nodes")

    def start_node(self, node: str) -> None:
        """Start the daemon of a node."""
        (self.folder / "spool" / node).mkdir(exist_ok=True)
        self._daemon("slurmd", "-N", node)

    def pid_of_node(self, node: str) -> int:
        """Process number of a node's daemon."""
        return int((self.folder / "run" / f"slurmd-{node}.pid").read_text())

    def restart_controller(self, seconds: float) -> None:
        """End the controller, and start it again so much later [s]; what it knew it finds in its folder of states.

        Raises:
            ClusterError: it does not come back.
        """
        _end([int((self.folder / "run" / "slurmctld.pid").read_text())])
        time.sleep(seconds)
        self._daemon("slurmctld")
        self._wait(lambda: "is UP" in self.run("scontrol", "ping"), "the controller")

    def stop(self) -> None:
        """End all jobs and daemons, by the numbers in the daemons' own files."""
        with contextlib.suppress(subprocess.SubprocessError):
            self.run("scancel", "--user=root")
        time.sleep(1)
        for pattern in ("slurmd-*.pid", "slurmctld.pid", "munged.pid"):
            _end([int(file.read_text()) for file in (self.folder / "run").glob(pattern)])

    def run(self, command: str, *words: str) -> str:
        """What a command of SLURM prints.

        Raises:
            subprocess.SubprocessError: it fails, or does not answer within a minute.
        """
        words = (str(self.bin / command), *words)
        return subprocess.check_output(words, text=True, timeout=60, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def _configure(self) -> None:
        host = socket.gethostname().split(".")[0]
        ports = _free_ports(len(self.nodes) + 1)
        lines = CONFIGURATION.read_text().replace("@folder@", str(self.folder))
        lines = lines.replace("@host@", host).replace("@port@", str(ports.pop())).replace("@gpus@", self.gpus)
        gres = "AutoDetect=off\n"
        for partition, nodes in self.partitions.items():
            for node in nodes:
                lines += f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports.pop()}"
                if partition != "cpu":
                    lines += f" Gres={self.gpus}:{GPUS}"
                    what = f"File={self.folder}/gpu/gpu[0-{GPUS - 1}]" if self.gpus == "gpu" else f"Count={GPUS}"
                    gres += f"NodeName={node} Name={self.gpus} {what}\n"
                lines += "\n"
            lines += f"PartitionName={partition} Nodes={','.join(nodes)}\n"
        # Devices like /dev/null: the number at the end becomes CUDA_VISIBLE_DEVICES.
        for gpu in range(GPUS):
            os.mknod(self.folder / "gpu" / f"gpu{gpu}", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        (self.folder / "slurm.conf").write_text(lines)
        (self.folder / "gres.conf").write_text(gres)
        for name in COMMANDS:
            if found := shutil.which(name):
                (self.bin / name).write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {found} "$@"\n')
                (self.bin / name).chmod(0o755)

    def _daemon(self, name: str, *words: str | Path) -> None:
        """Start a daemon, which puts itself into the background."""
        environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        with open(self.folder / "log" / f"start-{name}.log", "ab") as log:
            done = subprocess.run(
                [daemon(name), *words], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=60
            )
        if done.returncode:
            raise ClusterError(f"{name} {' '.join(map(str, words))} ended with {done.returncode}\n{self._logs()}")

    def _wait(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.SubprocessError):
                if ready():
                    return
            time.sleep(0.2)
        raise ClusterError(f"{what} did not come up within {START_SECONDS:g} s\n{self._logs()}")

    def _logs(self) -> str:
        files = sorted((self.folder / "log").glob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-2000:]}" for file in files)


def daemon(name: str) -> str | None:
    """Path of a daemon; Debian keeps them where an ordinary PATH does not look."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def missing() -> str:
    """What stands in the way of a cluster here; empty for nothing."""
    if os.getuid() != 0:
        return "SLURM's daemons need root"
    absent = [name for name in DAEMONS if daemon(name) is None]
    absent += [name for name in COMMANDS[:6] if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not found: apt-get install --no-install-recommends slurm-wlm munge"
    return ""


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [entry.getsockname()[1] for entry in sockets]
    for entry in sockets:
        entry.close()
    return ports


def _end(pids: list[int]) -> None:
    """End processes: SIGTERM, then SIGKILL."""
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 1.0)):
        deadline = time.monotonic() + seconds
        pids = [pid for pid in pids if _send(pid, number)]
        while pids and time.monotonic() < deadline:
            time.sleep(0.1)
            pids = [pid for pid in pids if _send(pid, 0)]


def _send(pid: int, number: int) -> bool:
    """Send a signal; whether there was such a process."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
