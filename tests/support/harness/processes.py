"""Child processes with a log file, bounded waits, and no way to outlive the test run."""
import os
import pathlib
import re
import signal
import subprocess

from .wait import wait_until


class ProcessFailed(AssertionError):
    """A process ended, or a command failed, where the test needed it to run."""


class Process:
    """One daemon: started, killed and started again by its test; its output is appended to one log.

    Start it from the main thread: the kernel kills it when the thread that started it ends
    (PR_SET_PDEATHSIG), which is what keeps an aborted run from leaving daemons behind.
    """

    def __init__(self, name: str, args: list, log: pathlib.Path, env: dict[str, str] | None = None,
                 prefix: list[str] = ()):
        self.name, self.log = name, log
        self.args = [str(arg) for arg in args]
        self.prefix = list(prefix)  # e.g. nsenter --net=..: must exec, so that the pid stays ours
        self.env = env or {}
        self._child: subprocess.Popen | None = None
        self._log_start = 0

    def start(self) -> None:
        assert not self.running, f"{self.name} already runs"
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        command = [*self.prefix, "setpriv", "--pdeathsig", "KILL", *self.args]
        with open(self.log, "ab") as log:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, env={**os.environ, **self.env},
                                           start_new_session=True)

    @property
    def pid(self) -> int:
        assert self._child is not None, f"{self.name} was never started"
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._child is None else self._child.poll()

    def kill(self) -> None:
        """kill -9, and reaps it."""
        self._end(signal.SIGKILL, 10)

    def pause(self) -> None:
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def terminate(self, timeout_s: float = 15) -> None:
        """SIGTERM; a process that does not end in time is killed and fails the test."""
        try:
            self._end(signal.SIGTERM, timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessFailed(f"{self.name} did not end within {timeout_s} s of SIGTERM")

    def stop(self, timeout_s: float = 10) -> None:
        """Ends it one way or the other: for clean-up, where its manners are not the question."""
        try:
            self._end(signal.SIGTERM, timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def _end(self, number: int, timeout_s: float) -> None:
        if self.running:
            self._child.send_signal(number)
        if self._child is not None:
            self._child.wait(timeout_s)

    def wait_exit(self, timeout_s: float) -> int:
        try:
            return self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ProcessFailed(f"{self.name} still runs after {timeout_s} s") from None

    def output(self, since_start: bool = True) -> str:
        if not self.log.exists():
            return ""
        with open(self.log, "rb") as log:
            log.seek(self._log_start if since_start else 0)
            return log.read().decode(errors="replace")

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.output(since_start=False).splitlines()[-lines:])

    def wait_for_line(self, pattern: str, timeout_s: float) -> str:
        """Waits until a line of this start's output matches, and returns that line."""
        def find() -> str | None:
            for line in self.output().splitlines():
                if re.search(pattern, line):
                    return line
            if not self.running:
                raise ProcessFailed(f"{self.name} ended ({self.exit_code}) before it said "
                                    f"{pattern!r}:\n{self.tail()}")
            return None
        return wait_until(find, timeout_s, f"{self.name} says {pattern!r}")

    def rss_kib(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1))


def is_sanitized(binary: str | pathlib.Path) -> bool:
    """Built with AddressSanitizer, whose memory says nothing about the product's."""
    return b"__asan_init" in pathlib.Path(binary).read_bytes()


def run(*args, timeout_s: float = 60, check: bool = True, stdin: str | bytes | None = None,
        env: dict[str, str] | None = None) -> str:
    """Runs a command and returns its output; a failure carries what the command said."""
    return run_result(*args, timeout_s=timeout_s, check=check, stdin=stdin, env=env).stdout


def run_result(*args, timeout_s: float = 60, check: bool = False, stdin: str | bytes | None = None,
               env: dict[str, str] | None = None,
               cwd: pathlib.Path | None = None) -> subprocess.CompletedProcess:
    command = [str(arg) for arg in args]
    data = stdin.encode() if isinstance(stdin, str) else stdin
    source = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout_s, cwd=cwd,
                              env={**os.environ, **(env or {})}, **source)
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace")[-2000:]
        raise ProcessFailed(f"{' '.join(command)}: not done in {timeout_s} s: {said}") from None
    done.stdout = done.stdout.decode(errors="replace")
    done.stderr = done.stderr.decode(errors="replace")
    if check and done.returncode != 0:
        raise ProcessFailed(f"{' '.join(command)}: exit code {done.returncode}: "
                            f"{(done.stderr or done.stdout).strip()[-2000:]}")
    return done
