"""cloudcore with a kubeconfig that is broken in each of the ways that happen.

Shows "Bad input: ... broken kubeconfig: each gives one clear line that says what to do, loses
nothing, and recovers by itself where it can".
"""
import base64
import dataclasses
import json
import secrets
from collections.abc import Callable

from harness.case import EdgeTestCase
from harness.certificates import Certificates
from harness.net import free_ports
from harness.paths import product_binary
from harness.processes import Process, run_result


@dataclasses.dataclass(frozen=True)
class Row:
    """A change of a good kubeconfig, and the words of the one line about it."""
    name: str
    change: Callable[["KubeconfigTest", dict], object]  # returns what the file holds instead
    words: str


def cluster(**fields) -> Callable[["KubeconfigTest", dict], dict]:
    def change(test: "KubeconfigTest", config: dict) -> dict:
        config["clusters"][0]["cluster"].update(fields)
        return config
    return change


def user(**fields) -> Callable[["KubeconfigTest", dict], dict]:
    def change(test: "KubeconfigTest", config: dict) -> dict:
        config["users"][0]["user"] = fields
        return config
    return change


def without(key: str) -> Callable[["KubeconfigTest", dict], dict]:
    return lambda test, config: {name: value for name, value in config.items() if name != key}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


# Ended at once, by the daemon and by its commands alike.
FOR_GOOD = [
    Row("no YAML", lambda test, config: "a: [1", "kubeconfig"),
    Row("bytes", lambda test, config: "\x00\x01\x02", "kubeconfig"),
    Row("a list", lambda test, config: "[1, 2]", "not a YAML map"),
    Row("empty", lambda test, config: "", "not a YAML map"),
    Row("2 MB", lambda test, config: "a: " + "x" * 2_000_000, "more than 1048576 bytes"),
    Row("no current-context", without("current-context"), "current-context is missing"),
    Row("another context", lambda test, config: {**config, "current-context": "x"},
        r"contexts\[x\] is missing"),
    Row("no clusters", without("clusters"), r"clusters\[.*\] is missing"),
    Row("no users", without("users"), r"users\[.*\] is missing"),
    Row("no server", cluster(server=""), "cluster.server is missing"),
    Row("a server that is no address", cluster(server="::::"), "server"),
    Row("a server of another scheme", cluster(server="ftp://127.0.0.1"), "server"),
    Row("no CA", cluster(**{"certificate-authority-data": "***"}), "base64"),
    Row("a CA that is no certificate",
        cluster(**{"certificate-authority-data": encoded(b"hello")}), "certificate"),
    Row("a CA file that is not there", cluster(**{
        "certificate-authority-data": "", "certificate-authority": "/nowhere/ca.crt"}),
        "/nowhere/ca.crt"),
    Row("insecure", cluster(**{"insecure-skip-tls-verify": True}), "certificate-authority-data"),
    Row("a credential plugin", user(exec={"command": "aws"}), "tokenFile"),
    Row("a password", user(username="a", password="hunter2"), "token or a client certificate"),
    Row("a token file that is not there", user(tokenFile="/nowhere/token"), "/nowhere/token"),
    Row("a token that is none", user(token="hunter2"), "renew the token"),
    Row("a key that does not fit", lambda test, config: user(**test.other_key())(test, config),
        "key"),
    Row("a certificate without a key",
        user(**{"client-certificate-data": encoded(b"x")}), "client-key is missing"),
]

# What an administrator or the network may mend: the daemon waits, the command says why.
MAY_PASS = [
    Row("nobody listens", lambda test, config: cluster(
        server=f"https://127.0.0.1:{free_ports(1)[0]}")(test, config), "127.0.0.1|refused|reach"),
    Row("another CA", lambda test, config: cluster(**{
        "certificate-authority-data": encoded(test.other_ca())})(test, config), "certificate"),
]


class KubeconfigTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()  # installs the RBAC; its kubeconfig is the good one
        cls.good = json.loads((cls.directory / "cloud" / "cloudcore.kubeconfig").read_text())
        cls.pki = Certificates(cls.directory / "other-pki")
        cls.pki.create_ca()
        cls.pki.issue_client("one", "system:admin")
        cls.pki.issue_client("two", "system:admin")

    def setUp(self):  # no namespace: no pods here
        self.file = self.directory / f"{secrets.token_hex(4)}.kubeconfig"

    def other_ca(self) -> bytes:
        return self.pki.ca.read_bytes()

    def other_key(self) -> dict:
        return {"client-certificate-data": encoded((self.pki.directory / "one.crt").read_bytes()),
                "client-key-data": encoded((self.pki.directory / "two.key").read_bytes())}

    def write(self, row: Row) -> None:
        content = row.change(self, json.loads(json.dumps(self.good)))
        self.file.write_text(content if isinstance(content, str) else json.dumps(content))

    def token_create(self):
        return run_result(product_binary("cloudcore"), "--kubeconfig", self.file, "--data-dir",
                          self.directory / "data", "token", "create", timeout_s=60)

    def daemon(self) -> Process:
        name = secrets.token_hex(4)
        config = self.directory / f"{name}.yaml"
        hub, monitor = free_ports(2)
        config.write_text(json.dumps({
            "apiVersion": "cloudcore.config.kubeedge.io/v1alpha2", "kind": "CloudCore",
            "commonConfig": {"monitorServer": {"bindAddress": f"127.0.0.1:{monitor}"}},
            "modules": {"cloudHub": {"advertiseAddress": ["127.0.0.1"], "websocket": {
                "enable": True, "address": "127.0.0.1", "port": hub}}}}))
        process = Process("cloudcore", [product_binary("cloudcore"), "--kubeconfig", self.file,
                                        "--data-dir", self.directory / name, "--config", config],
                          self.directory / f"{name}.log")
        self.addCleanup(process.stop)
        process.start()
        return process

    def assert_one_line(self, said: str, words: str) -> None:
        lines = [line for line in said.splitlines()
                 if line.strip() and "level=info" not in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0].lower(), words.lower())
        self.assertNotIn("hunter2", said)

    def test_what_nobody_but_its_writer_can_mend_ends_with_one_line(self):
        for row in FOR_GOOD:
            with self.subTest(row.name):
                self.write(row)
                answer = self.token_create()
                self.assertEqual((answer.returncode, answer.stdout), (1, ""))
                self.assert_one_line(answer.stderr, row.words)
                daemon = self.daemon()
                self.assertEqual(daemon.wait_exit(10), 1)
                self.assert_one_line(daemon.output(), row.words)

    def test_a_file_that_is_none(self):
        for file in (self.directory / "absent", self.directory):
            self.file = file
            answer = self.token_create()
            self.assertEqual(answer.returncode, 1)
            self.assert_one_line(answer.stderr, str(file))

    def test_what_may_pass_is_waited_for_with_one_line(self):
        for row in MAY_PASS:
            with self.subTest(row.name):
                self.write(row)
                answer = self.token_create()
                self.assertEqual((answer.returncode, answer.stdout), (1, ""))
                self.assert_one_line(answer.stderr, row.words)

    def test_an_api_that_is_away_at_the_start_is_waited_for(self):
        self.write(MAY_PASS[0])
        daemon = self.daemon()
        daemon.wait_for_line("level=warning.*the CA cannot be read yet", 30)
        self.assertTrue(daemon.running)
        daemon.terminate()

    def test_a_token_file_that_was_renewed_lets_it_start(self):
        token_file = self.directory / "token"
        self.write(Row("", user(tokenFile=str(token_file)), ""))
        token_file.write_text("hunter2")
        daemon = self.daemon()
        self.assertEqual(daemon.wait_exit(10), 1)
        self.assert_one_line(daemon.output(), "renew the token")
        token_file.write_text(self.good["users"][0]["user"]["token"])
        daemon.start()  # as a supervisor does
        daemon.wait_for_line("cloudcore serves", 30)
