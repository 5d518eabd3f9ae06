"""edgecore as a user runs it: everything is under one data directory."""
import contextlib
import json
import pathlib
import shutil
import subprocess

from .paths import CLOCK_SHIM, product_binary
from .processes import Process, run, run_result


class EdgeCore:
    """One edgecore daemon and its commands. `enter` is a command prefix: a network namespace."""

    def __init__(self, directory: pathlib.Path, node: str, runtime_endpoint: str,
                 enter: list[str] = ()):
        self.node = node
        self.directory, self.data_dir = directory, directory / "data"
        self._runtime_endpoint = runtime_endpoint
        self._enter = list(enter)
        command = [product_binary("edgecore"), "--data-dir", self.data_dir]
        self.process = Process("edgecore", command, directory / "edgecore.log", prefix=self._enter)

    def join(self, cloud_address: str, token: str, *flags: str) -> subprocess.CompletedProcess:
        """Gets an identity and exits; start() then runs the daemon with it."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        return self.command("join", "--cloudcore-ipport", cloud_address, "--token", token,
                            "--edgenode-name", self.node,
                            "--remote-runtime-endpoint", self._runtime_endpoint, *flags)

    def command(self, *args: str, check: bool = False) -> subprocess.CompletedProcess:
        return run_result(*self._enter, product_binary("edgecore"), *args,
                          "--data-dir", self.data_dir, timeout_s=40, check=check)

    def status(self) -> dict:
        """What `edgecore status` says of the running daemon."""
        return json.loads(self.command("status", check=True).stdout)

    def start(self) -> None:
        self.process.start()

    def restart_killed(self) -> None:
        """kill -9 and at once again, as a supervisor would after a crash."""
        self.process.kill()
        self.process.start()

    def configure(self, settings: dict) -> None:
        """A configuration file, read from the next start on."""
        file = self.directory / "edgecore.yaml"
        file.write_text(json.dumps(settings))  # JSON is YAML
        if "--config" not in self.process.args:
            self.process.args += ["--config", str(file)]

    def move_to_small_disk(self, size_bytes: int) -> None:
        """The data directory becomes a file system of its own. Before the first start."""
        kept = self.data_dir.with_name("kept")
        shutil.copytree(self.data_dir, kept)
        run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", self.data_dir)
        shutil.copytree(kept, self.data_dir, dirs_exist_ok=True)
        shutil.rmtree(kept)

    def fill_disk(self) -> pathlib.Path:
        """Leaves no byte free. Returns the file to remove."""
        ballast = self.data_dir / "ballast"
        with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        return ballast

    def damage_store(self) -> None:
        """Overwrites what is in the middle of the store's file; the daemon must not run."""
        store = self.data_dir / "edgecore.db"
        size = store.stat().st_size
        with open(store, "r+b") as file:
            file.seek(size // 4)
            file.write(b"\xa5" * (size // 2))

    def damaged_stores(self) -> list[pathlib.Path]:
        """What the daemon has put aside."""
        return [each for each in self.data_dir.glob("edgecore.db.damaged-*")
                if not each.name.endswith(("-wal", "-shm", "-journal"))]

    def set_clock_off(self, offset_s: int) -> None:
        """From the next start on its wall clock differs from the machine's by so much."""
        shim = self.directory / "clock_offset.so"
        if not shim.exists():
            run("gcc", "-shared", "-fPIC", "-O1", "-o", shim, CLOCK_SHIM, "-ldl")
        self.process.env = {"LD_PRELOAD": str(shim), "SKERRY_TEST_CLOCK_OFFSET_S": str(offset_s)}

    def pretend_boot(self, boot_id: str) -> None:
        """From the next start on it reads `boot_id` from /proc, as after a real reboot.

        It then runs in its own mount namespace. The data directory becomes a shared mount, so that
        volumes which it mounts there still reach containerd.
        """
        file = self.directory / "boot_id"
        file.write_text(boot_id + "\n")
        run("mount", "--bind", self.data_dir, self.data_dir)
        run("mount", "--make-shared", self.data_dir)
        script = ('mount --make-private /proc && mount --bind "$0" /proc/sys/kernel/random/boot_id '
                  '&& exec "$@"')
        self.process.prefix = [*self._enter, "unshare", "--mount", "--propagation", "unchanged",
                               "sh", "-c", script, str(file)]
