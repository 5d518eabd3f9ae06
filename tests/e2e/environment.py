#!/usr/bin/env python3
"""Keeps one control plane running, so that many runs of tests/e2e/run.py share it.

  tests/e2e/environment.py start | stop | kubeconfig

It ends by itself after three hours: nobody has to remember it.
"""
import os
import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from harness.cluster import Cluster  # noqa: E402
from harness.environment import STATE_FILE, Environment  # noqa: E402
from harness.wait import wait_until  # noqa: E402

LIFETIME_S = 3 * 3600
PID_FILE = STATE_FILE.with_suffix(".pid")
LOG_FILE = STATE_FILE.with_suffix(".log")


def start() -> None:
    if STATE_FILE.exists() and _owner() is not None:
        print(f"runs already: {STATE_FILE}")
        return
    STATE_FILE.parent.mkdir(parents=True, exist_ok=True)
    STATE_FILE.unlink(missing_ok=True)
    with open(LOG_FILE, "wb") as log:
        server = subprocess.Popen([sys.executable, __file__, "serve"], stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log, start_new_session=True)

    def up() -> bool:
        assert server.poll() is None, f"it ended:\n{LOG_FILE.read_text()}"
        return STATE_FILE.exists()
    wait_until(up, 1800, "the control plane is up")  # may have to be built first
    print(f"up: {STATE_FILE}")


def serve() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    PID_FILE.write_text(str(os.getpid()))
    environment = Environment()
    environment.open()
    try:
        environment.cluster.save(STATE_FILE)
        time.sleep(LIFETIME_S)
    finally:
        STATE_FILE.unlink(missing_ok=True)
        PID_FILE.unlink(missing_ok=True)
        environment.close(keep_files=False)


def stop() -> None:
    owner = _owner()
    if owner is not None:
        os.kill(owner, signal.SIGTERM)
        wait_until(lambda: _owner() is None, 30, "the control plane has ended")
    STATE_FILE.unlink(missing_ok=True)


def kubeconfig() -> None:
    print(Cluster.load(STATE_FILE).admin_kubeconfig)


def _owner() -> int | None:
    """The pid of the serving process, if it is really that: pids are used again."""
    try:
        pid = int(PID_FILE.read_text())
        serves = b"environment.py\0serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        return pid if serves else None
    except (OSError, ValueError):
        return None


if __name__ == "__main__":
    commands = {each.__name__: each for each in (start, serve, stop, kubeconfig)}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
