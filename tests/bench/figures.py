"""The figures of a run: printed as they come, and kept for build/bench.json."""
import os
import subprocess

from harness.paths import REPO

figures: dict[str, dict] = {}


def record(name: str, value, unit: str, wanted: str) -> None:
    figures[name] = {"value": value, "unit": unit, "wanted": wanted}
    print(f"  {name:<56} {value:>10} {unit:<10} wanted {wanted}", flush=True)


def machine() -> dict:
    """What the figures depend on besides the code."""
    cpuinfo = open("/proc/cpuinfo", encoding="utf-8").read()
    models = [line.split(":")[1].strip() for line in cpuinfo.splitlines()
              if line.startswith("model name")]
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=REPO, text=True,
                            capture_output=True).stdout.strip()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpu": models[0] if models else os.uname().machine, "cores": os.cpu_count(),
            "memory_gib": round(pages / 2**30, 1), "kernel": os.uname().release,
            "load_at_start": round(os.getloadavg()[0], 2), "commit": commit}
