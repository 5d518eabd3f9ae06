"""edgecore as a user runs it: everything is under one data directory."""
import pathlib
import subprocess

from .paths import product_binary
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

    def start(self) -> None:
        self.process.start()

    def restart_killed(self) -> None:
        """kill -9 and at once again, as a supervisor would after a crash."""
        self.process.kill()
        self.process.start()

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
