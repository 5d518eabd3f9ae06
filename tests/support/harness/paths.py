"""Where the repository, the binaries under test and the scratch files are."""
import os
import pathlib
import shutil
import subprocess
import tempfile

REPO = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("SKERRY_BIN", REPO / "build" / "release" / "bin"))
CLOCK_SHIM = REPO / "tests" / "support" / "clock_offset.c"
IMAGES = REPO / "build" / "images"
# Short, because the path of a unix socket must fit into 108 bytes.
SCRATCH = pathlib.Path(tempfile.gettempdir()) / "skerry-e2e"

_control_plane: str | None = None


def control_plane_binary() -> str:
    """The test Kubernetes, built at the first call on a machine (minutes) and cached after that."""
    global _control_plane
    if _control_plane is None:
        build = REPO / "tests" / "support" / "controlplane" / "build"
        built = subprocess.run([build], check=True, stdout=subprocess.PIPE, text=True, timeout=1800)
        _control_plane = built.stdout.strip()
    return _control_plane


def image_archives() -> list[pathlib.Path]:
    archives = [IMAGES / "pause.tar", IMAGES / "busybox.tar"]
    if not all(archive.exists() for archive in archives):
        subprocess.run([REPO / "deploy" / "images" / "build", IMAGES], check=True, timeout=120,
                       stdout=subprocess.DEVNULL)
    return archives


def product_binary(name: str) -> pathlib.Path:
    return BIN / name


def missing_requirements() -> list[str]:
    """What this machine lacks for the end-to-end tests; empty when they can run."""
    missing = [f"{BIN / name} (cmake --preset release && cmake --build --preset release)"
               for name in ("cloudcore", "edgecore") if not os.access(BIN / name, os.X_OK)]
    return missing + missing_host_tools()


def missing_host_tools() -> list[str]:
    tools = ["containerd", "ctr", "containerd-shim-runc-v2", "runc", "ip", "openssl", "setpriv",
             "/usr/lib/cni/bridge"]
    missing = [tool for tool in tools if shutil.which(tool, path=_path_with_sbin()) is None]
    return missing if os.geteuid() == 0 else [*missing, "root"]


def _path_with_sbin() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
