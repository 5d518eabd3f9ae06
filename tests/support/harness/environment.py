"""The control plane that a run of the end-to-end tests shares, and the run's scratch directory."""
import os
import pathlib
import secrets

from . import host_traces
from .cluster import Cluster
from .control_plane import ControlPlane
from .paths import REPO, SCRATCH
from .processes import Process

STATE_FILE = REPO / "build" / "e2e" / "environment.json"


class Environment:
    """Uses the control plane that tests/e2e/environment.py keeps running, or starts one of its own.

    The directory's name starts with the owner's pid: see host_traces.sweep.
    """

    def __init__(self):
        self.directory = SCRATCH / f"{os.getpid()}-{secrets.token_hex(2)}"
        self.processes: list[Process] = []  # of the running test class, for its failures
        self._own_control_plane: ControlPlane | None = None
        self._cluster: Cluster | None = None

    def open(self) -> None:
        host_traces.sweep(SCRATCH)
        self.directory.mkdir(parents=True, mode=0o755)
        if STATE_FILE.exists():
            cluster = Cluster.load(STATE_FILE)
            if pathlib.Path(cluster.directory).exists():
                self._cluster = cluster

    def close(self, keep_files: bool) -> None:
        if self._own_control_plane:
            self._own_control_plane.stop()
        if not keep_files:
            host_traces.remove_run(self.directory)

    def log_tails(self) -> str:
        return "\n".join(f"--- end of {each.log}\n{each.tail(40)}" for each in self.processes)

    @property
    def cluster(self) -> Cluster:
        """Started when the first test asks: join errors and the like need no 600 MB."""
        if self._cluster is None:
            directory = self.directory / "kube"
            directory.mkdir()
            self._own_control_plane = ControlPlane(directory)
            self._cluster = self._own_control_plane.cluster
            self._own_control_plane.start()
        return self._cluster


current = Environment()  # one process is one run
