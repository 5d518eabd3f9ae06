"""script.txt: what its lines mean, and how they are run against one cluster."""
import dataclasses
import pathlib
import shlex

from harness.kubectl import Kubectl
from harness.processes import ProcessFailed, run_result

HERE = pathlib.Path(__file__).resolve().parent
NAMESPACE = "kubectl-script"
TIMEOUT_S = 120


@dataclasses.dataclass
class Line:
    number: int
    text: str
    differs: str = ""    # why the answers differ
    only_exit: str = ""  # why the words are not compared


@dataclasses.dataclass(frozen=True)
class Answer:
    code: int
    text: str  # what it printed and what it complained


def read_script(file: pathlib.Path = HERE / "script.txt") -> list[Line]:
    lines: list[Line] = []
    for number, text in enumerate(file.read_text().splitlines(), 1):
        if not text.strip() or text.startswith("#"):
            continue
        if not text.startswith(" "):
            lines.append(Line(number, text))
            continue
        key, separator, why = text.strip().partition(": ")
        assert separator and why, f"{file.name}:{number}: a reason is missing"
        if key == "differs":
            lines[-1].differs = why
        else:
            assert key == "only exit", f"{file.name}:{number}: {key!r} is neither of two remarks"
            lines[-1].only_exit = why
    return lines


def run_line(line: Line, kubectl: Kubectl, node: str, folder: pathlib.Path) -> Answer:
    words = shlex.split(line.text.replace("$NODE", node))
    variables = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    stdin = None
    if len(words) > 2 and words[-2] == "<":
        stdin = (folder / words[-1]).read_text()
        words = words[:-2]
    try:
        ended = run_result(*kubectl.command, "--namespace", NAMESPACE, *words, stdin=stdin,
                           timeout_s=TIMEOUT_S, cwd=folder,
                           env={**kubectl.environment, **variables})
    except ProcessFailed as late:  # the other lines are still worth their answers
        return Answer(-1, str(late))
    return Answer(ended.returncode, ended.stdout + ended.stderr)
