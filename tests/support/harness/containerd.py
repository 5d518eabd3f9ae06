"""A private containerd: own root, state, socket, runc root and pod network."""
import dataclasses
import json
import os
import pathlib
import shutil

from . import host_traces
from .net import unique_name, unused_subnet
from .paths import REPO, image_archives
from .processes import Process, run, run_result
from .wait import wait_until

SANDBOX_IMAGE = "skerry.io/pause:1"  # as the configuration says
_CONFIG = REPO / "deploy" / "containerd" / "config.toml.in"
BUSYBOX = "docker.io/library/busybox:1.36"


@dataclasses.dataclass(frozen=True)
class Container:
    """One container or sandbox as containerd has it; the pod's names come from CRI's labels."""
    id: str
    is_sandbox: bool
    namespace: str
    pod: str
    uid: str
    name: str  # "" for a sandbox
    pid: int | None  # None when it does not run

    @property
    def running(self) -> bool:
        return self.pid is not None


class Containerd:
    """Stands for the container runtime of one machine; one node uses it.

    What it makes stays in `directory`, except: the bridge and its veths, cgroups, and the sockets
    of shims in /run/containerd/s. stop() removes all of it; leftovers() says what is there.
    """

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.socket = directory / "c.sock"
        self._state = directory / "state"
        self._bridge = unique_name("skbr")
        self._daemon = Process("containerd", ["containerd", "--config", directory / "config.toml"],
                               directory / "containerd.log",
                               env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})

    @property
    def endpoint(self) -> str:
        return f"unix://{self.socket}"

    @property
    def daemon(self) -> Process:
        return self._daemon

    def create(self) -> None:
        """Lays out its files, starts it and imports the images."""
        self.directory.mkdir(parents=True)
        (self.directory / "bridge").write_text(self._bridge)  # for host_traces.remove_run
        (self.directory / "config.toml").write_text(self._config())
        networks = self.directory / "cni"
        networks.mkdir()
        (networks / "10-pods.conflist").write_text(json.dumps(self._pod_network()))
        self.start()
        for archive in image_archives():
            self.ctr("images", "import", archive)

    def start(self) -> None:
        """Also after kill(): containers outlive it."""
        self._daemon.start()
        wait_until(self._answers, 30, "containerd answers", seen=lambda: self._daemon.tail(5))

    def kill(self) -> None:
        self._daemon.kill()

    def reboot(self) -> None:
        """What a power cycle of the machine does: nothing runs, /run is empty, disks are kept."""
        self._daemon.kill()
        self._remove_what_lives_in_memory()
        self.start()

    def stop(self) -> None:
        self._daemon.stop()
        self._remove_what_lives_in_memory()

    def leftovers(self) -> list[str]:
        """What pods hold on the host now: empty when none exists, or after stop().

        The daemon itself and its bridge count only once it has been stopped.
        """
        running = self._daemon.running
        found = [f"process {each.pid}: {each.command}"
                 for each in host_traces.processes_of(self.directory)
                 if not (running and each.pid == self._daemon.pid)]
        found += [f"mount {point}" for point in host_traces.mounts_under(self.directory)]
        found += [f"interface {name}" for name in self._interfaces(with_bridge=not running)]
        found += [f"cgroup {path}" for path in host_traces.cgroups_of(self._known_ids())]
        found += [f"pod address {path.name}"
                  for path in (self.directory / "ipam").glob("*/*.*.*.*")] if running else []
        return found

    def containers(self, namespace: str | None = None) -> list[Container]:
        """Containers of pods, without their sandboxes; all of one namespace, or of every one."""
        return [each for each in self._inventory(namespace) if not each.is_sandbox]

    def sandboxes(self, namespace: str | None = None) -> list[Container]:
        return [each for each in self._inventory(namespace) if each.is_sandbox]

    def running_ids(self, namespace: str | None = None) -> set[str]:
        """Ids of running containers and sandboxes; equal sets mean that nothing was restarted."""
        return {each.id for each in self._inventory(namespace) if each.running}

    def root_of(self, container: Container) -> pathlib.Path:
        """The file system that a running container sees, mounts included."""
        return pathlib.Path(f"/proc/{container.pid}/root")

    def read_file(self, container: Container, path: str) -> str:
        """"" where there is no such file. Its links must be relative, as those of volumes are."""
        file = self.root_of(container) / path.lstrip("/")
        return file.read_text() if file.exists() else ""

    def tag_image(self, existing: str, new: str) -> None:
        """One more name for an image: a test's "new version"."""
        self.ctr("images", "tag", existing, new)

    def ctr(self, *args, timeout_s: float = 60) -> str:
        return run("ctr", "--address", self.socket, "--namespace", "k8s.io", *args,
                   timeout_s=timeout_s)

    def _inventory(self, namespace: str | None) -> list[Container]:
        pids = self._task_pids()
        found = []
        for each in self.ctr("containers", "list", "--quiet").split():
            info = run("ctr", "--address", self.socket, "--namespace", "k8s.io", "containers",
                       "info", each, check=False)  # it may be gone by now
            labels = json.loads(info).get("Labels") or {} if info else {}
            if labels and namespace in (None, labels.get("io.kubernetes.pod.namespace")):
                found.append(_container(each, labels, pids.get(each)))
        return found

    def _task_pids(self) -> dict[str, int]:
        rows = [line.split() for line in self.ctr("tasks", "list").splitlines()[1:]]
        return {task: int(pid) for task, pid, status in rows if status == "RUNNING"}

    def _answers(self) -> bool:
        assert self._daemon.running, f"containerd ended:\n{self._daemon.tail()}"
        return run_result("ctr", "--address", self.socket, "version").returncode == 0

    def _remove_what_lives_in_memory(self) -> None:
        """Processes, mounts, namespaces, interfaces, cgroups, and the state directory."""
        ids = self._known_ids()
        host_traces.kill_processes(self.directory)
        host_traces.unmount_all(self.directory)  # network namespaces too: they live in the state
        run("ip", "link", "del", self._bridge, check=False)
        host_traces.remove_cgroups(ids)
        host_traces.remove_shim_sockets(self.socket, ids)
        shutil.rmtree(self._state, ignore_errors=True)

    def _known_ids(self) -> set[str]:
        return host_traces.ids_in_log(self._daemon.log)

    def _interfaces(self, with_bridge: bool) -> list[str]:
        links = json.loads(run("ip", "-j", "link"))
        return [link["ifname"] for link in links if link.get("master") == self._bridge or
                (with_bridge and link["ifname"] == self._bridge)]

    def _pod_network(self) -> dict:
        subnet = str(unused_subnet())
        return {"cniVersion": "0.4.0", "name": self._bridge, "plugins": [{
            "type": "bridge", "bridge": self._bridge, "isGateway": True, "ipMasq": False,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": subnet}]],
                     "dataDir": str(self.directory / "ipam")}}]}

    def _config(self) -> str:
        return _CONFIG.read_text().replace("@DIRECTORY@", str(self.directory))


def _container(identifier: str, labels: dict[str, str], pid: int | None) -> Container:
    def of_pod(key: str) -> str:
        return labels.get(f"io.kubernetes.{key}", "")
    return Container(identifier, labels.get("io.cri-containerd.kind") == "sandbox",
                     of_pod("pod.namespace"), of_pod("pod.name"), of_pod("pod.uid"),
                     of_pod("container.name"), pid)
