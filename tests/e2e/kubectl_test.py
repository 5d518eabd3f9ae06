"""One script of kubectl invocations gives the same answers from a kube-apiserver and from standalone.

Shows of issue "Standalone": unmodified kubectl cannot tell the standalone API from Kubernetes, but for
the differences that tests/support/kubectl_script/script.txt lists with their reasons.
"""
import concurrent.futures
import difflib
import pathlib
import secrets
import shutil

from harness.case import EdgeTestCase, condition
from harness.cloudcore import StandaloneCloudCore
from harness.control_plane import ControlPlane
from harness.gateway import Gateway
from harness.kubectl import Kubectl
from harness.processes import run
from harness.wait import wait_until
from kubectl_script import script
from kubectl_script.normalise import names_and_types, normalise


class Side:
    """One of the two clusters: its kubectl, its edge, its copy of the manifests."""

    def __init__(self, name: str, kubectl: Kubectl, gateway: Gateway, folder: pathlib.Path):
        self.name, self.kubectl, self.gateway, self.folder = name, kubectl, gateway, folder

    def answers(self, lines: list[script.Line]) -> list[script.Answer]:
        given = [script.run_line(line, self.kubectl, self.gateway.node, self.folder)
                 for line in lines]
        (self.folder.parent / f"{self.name}.answers").write_text("\n".join(
            f"$ kubectl {line.text}\n{answer.text}[exit {answer.code}]"
            for line, answer in zip(lines, given, strict=True)))
        return given


class KubectlTest(EdgeTestCase):
    """Has a control plane of its own: what other tests leave in theirs would be seen in lists."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        kubernetes = ControlPlane(cls.directory / "kube", default_toleration_s=300)
        cls.addClassCleanup(kubernetes.stop)
        kubernetes.start()
        cls.cluster, cls.api = kubernetes.cluster, kubernetes.cluster.api
        cls.start_cloudcore()
        cls.alone = StandaloneCloudCore(cls.directory / "standalone")
        cls.processes.append(cls.alone.process)
        cls.addClassCleanup(cls.alone.process.stop)
        cls.alone.create()
        folder = cls.make_folder()
        cls.sides = [Side("kubernetes", cls.cluster.kubectl, cls.start_gateway(), folder),
                     Side("standalone", cls.alone.kubectl, cls.start_alone(), folder)]
        for side in cls.sides:
            side.kubectl("create", "namespace", script.NAMESPACE)
            wait_until(lambda s=side: s.kubectl("get", "serviceaccount", "default", "--namespace",
                                                script.NAMESPACE, "--ignore-not-found"), 15,
                       "the namespace has its service account")

    @classmethod
    def make_folder(cls) -> pathlib.Path:
        folder = cls.directory / "manifests"
        shutil.copytree(script.HERE / "manifests", folder)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-keyout", folder / "website.key", "-out", folder / "website.crt",
            "-days", "2", "-subj", "/CN=example.org")
        return folder

    @classmethod
    def start_alone(cls) -> Gateway:
        name = f"edge-{secrets.token_hex(3)}"
        gateway = Gateway(cls.directory / name, name, cls.alone)
        cls.processes += [gateway.edgecore.process, gateway.containerd.daemon]
        cls.addClassCleanup(gateway.close)
        gateway.create()
        gateway.edgecore.start()
        wait_until(lambda: condition(cls.alone.get("nodes", name) or {}, "Ready") == "True", 15,
                   f"node {name} is Ready", seen=lambda: cls.alone.get("nodes", name))
        return gateway

    def setUp(self):
        pass  # the namespace is the script's own

    def test_the_script_gives_the_same_answers(self):
        lines = script.read_script()
        self.assertGreaterEqual(len(lines), 150)
        with concurrent.futures.ThreadPoolExecutor() as both:
            theirs, ours = both.map(lambda side: side.answers(lines), self.sides)
        wrong = [complaint for line, their, our in zip(lines, theirs, ours, strict=True)
                 if (complaint := self.compare(line, their, our))]
        self.assertEqual(wrong, [], f"\n{len(wrong)} of {len(lines)} lines differ:\n\n" +
                         "\n".join(wrong))

    def compare(self, line: script.Line, theirs: script.Answer, ours: script.Answer) -> str:
        """What is wrong, for people; empty: the answers are as they should be."""
        shown = f"script.txt:{line.number}: kubectl {line.text}\n"
        texts = [self.comparable(line, answer, side)
                 for answer, side in zip((theirs, ours), self.sides, strict=True)]
        same = theirs.code == ours.code and texts[0] == texts[1]
        if line.differs:
            return f"{shown}  is the same by now: take its `differs` away" if same else ""
        if theirs.code != ours.code:
            return f"{shown}  exit {theirs.code}, standalone {ours.code}: {ours.text[-500:]}"
        if same or line.only_exit:
            return ""
        return shown + "\n".join("  " + each for each in difflib.unified_diff(
            texts[0].splitlines(), texts[1].splitlines(), "kubernetes", "standalone", "", "", 1, ""))

    @staticmethod
    def comparable(line: script.Line, answer: script.Answer, side: Side) -> str:
        text = normalise(answer.text, side.gateway.node)
        return names_and_types(text) if line.text.startswith("explain") else text
