"""What fixtures leave on the host, found from their directory alone, and how to remove it.

Works on directories of an earlier run too, whose owner was killed before it could clean up.
"""
import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import signal
import time

from .processes import run

_OUR_DAEMONS = {"containerd", "containerd-shim-runc-v2", "runc", "controlplane", "cloudcore",
                "edgecore"}
_CGROUPS = pathlib.Path("/sys/fs/cgroup")
_SHIM_SOCKETS = pathlib.Path("/run/containerd/s")  # fixed in containerd 1.6
_CONTAINER_ID = re.compile(r"\b[0-9a-f]{64}\b")
_POD_UID = re.compile(r"Uid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclasses.dataclass(frozen=True)
class FoundProcess:
    pid: int
    command: str


def processes_of(directory: pathlib.Path) -> list[FoundProcess]:
    """Daemons that name the directory on their command line, and processes of containers in it."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            is_daemon = (os.path.basename(arguments[0]) in _OUR_DAEMONS and
                         any(f"{directory}/" in argument for argument in arguments))
            if is_daemon or _root_is_in(entry, directory):
                found.append(FoundProcess(int(entry.name), " ".join(arguments).strip()[:120]))
        except OSError:
            continue  # it ended while we looked
    return found


def _root_is_in(process: pathlib.Path, directory: pathlib.Path) -> bool:
    """Whether the process's / is an overlay with layers in the directory: a container of ours."""
    for line in (process / "mountinfo").read_text().splitlines():
        if line.split()[4] == "/":
            return f"{directory}/" in line
    return False


def mounts_under(directory: pathlib.Path) -> list[str]:
    """Mount points under (not at) the directory, deepest first."""
    points = [line.split()[4] for line in
              pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{directory}/")), reverse=True)


def ids_in_log(log: pathlib.Path) -> set[str]:
    """Every pod uid and container id that a containerd has ever written into its log."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return set(_CONTAINER_ID.findall(text)) | set(_POD_UID.findall(text))


def cgroups_of(ids: set[str]) -> list[pathlib.Path]:
    """cgroup directories (v1 and v2) named after a pod uid or container id, deepest first."""
    uids = {spelling for uid in ids if "-" in uid for spelling in (uid, uid.replace("-", "_"))}
    found = [pathlib.Path(folder) / name for folder, names, _ in os.walk(_CGROUPS) for name in names
             if name in ids or any(uid in name for uid in uids)]
    return sorted(found, key=lambda path: len(path.parts), reverse=True)


def kill_processes(directory: pathlib.Path, timeout_s: float = 10) -> None:
    """SIGKILL until none is left: a shim killed first leaves its container to the second round."""
    deadline = time.monotonic() + timeout_s
    while (found := processes_of(directory)) and time.monotonic() < deadline:
        for process in found:
            try:
                os.kill(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)


def unmount_all(directory: pathlib.Path) -> None:
    for point in mounts_under(directory):
        run("umount", "--lazy", point, check=False)


def remove_cgroups(ids: set[str]) -> None:
    for cgroup in cgroups_of(ids):
        for child, _, _ in os.walk(cgroup, topdown=False):
            try:
                os.rmdir(child)
            except OSError:
                pass  # still in use: leftovers() will say so


def remove_shim_sockets(containerd_socket: pathlib.Path, ids: set[str]) -> None:
    """A killed shim leaves its socket; its name is a hash of address, namespace and id."""
    for each in ids:
        name = hashlib.sha256(f"{containerd_socket}/k8s.io/{each}".encode()).hexdigest()
        (_SHIM_SOCKETS / name).unlink(missing_ok=True)


def sweep(scratch: pathlib.Path) -> None:
    """Removes the runs under `scratch` whose owner, the pid that starts their name, is gone."""
    for directory in scratch.iterdir() if scratch.exists() else []:
        owner = directory.name.split("-")[0]
        if owner.isdigit() and not pathlib.Path(f"/proc/{owner}").exists():
            remove_run(directory)


def remove_run(directory: pathlib.Path) -> None:
    kill_processes(directory)
    for log in directory.glob("**/containerd.log"):
        ids = ids_in_log(log)
        remove_shim_sockets(log.parent / "c.sock", ids)
        remove_cgroups(ids)
    for name in directory.glob("**/bridge"):
        run("ip", "link", "del", name.read_text().strip(), check=False)
    for name in directory.glob("**/netns"):
        if name.is_file():
            run("ip", "netns", "del", name.read_text().strip(), check=False)
    unmount_all(directory)
    shutil.rmtree(directory, ignore_errors=True)
