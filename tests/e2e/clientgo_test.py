"""Programs written with client-go run against the standalone API; kill -9 takes nothing from them.

Shows of issue "Standalone": informers over 5,000 objects under 1,000 changes a second and cut
connections, leader election, server-side apply conflicts, 410 for what was compacted away; 200
kill -9 during 20,000 acknowledged writes.
"""
import random
import subprocess
import time

from harness.paths import REPO
from harness.processes import run
from harness.standalone_case import StandaloneApiCase
from harness.wait import wait_until

ACKNOWLEDGED = 20_000
KILLS = 200


def program() -> str:
    return run(REPO / "tests/support/build_go", REPO / "tests/support/clientgo",
               timeout_s=900).strip().splitlines()[-1]


class ClientGoTest(StandaloneApiCase):
    @classmethod
    def setUpClass(cls):
        cls.program = program()  # before the servers run: it may have to be built
        super().setUpClass()

    def check(self, what: str) -> None:
        print(run(self.program, "-kubeconfig", self.kubectl.kubeconfig, what, timeout_s=300))

    def test_informers_end_equal_to_a_list(self):
        self.check("informers")

    def test_there_is_one_leader(self):
        self.check("leader")

    def test_apply_has_managers_and_conflicts(self):
        self.check("apply")

    def test_a_watch_from_too_long_ago_is_told_so(self):
        self.check("watch")


class KilledTest(StandaloneApiCase):
    @classmethod
    def setUpClass(cls):
        cls.program = program()
        super().setUpClass()

    def test_what_was_acknowledged_outlives_200_kills(self):
        log = self.directory / "writes.log"
        with open(log, "wb") as complaints:
            writer = subprocess.Popen(
                [self.program, "-kubeconfig", self.kubectl.kubeconfig, "writes"], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints)
        self.addCleanup(writer.kill)
        self.acknowledged(writer)  # it has begun
        kills, seed = 0, random.SystemRandom().randrange(2**32)
        chance = random.Random(seed)
        print(f"seed {seed}")
        while kills < KILLS or self.acknowledged(writer) < ACKNOWLEDGED:
            time.sleep(chance.uniform(0, 0.3))
            self.cloudcore.process.kill()
            self.cloudcore.start()
            kills += 1
            self.assertLess(kills, 20 * KILLS, "the writer does not get on")
        said, _ = writer.communicate(timeout=120)
        print(f"{kills} kills\n{said}")
        self.assertEqual(writer.returncode, 0, log.read_text()[-3000:])

    @staticmethod
    def acknowledged(writer: subprocess.Popen) -> int:
        assert writer.poll() is None, "the writer has ended"
        writer.stdin.write("\n")
        writer.stdin.flush()
        return int(writer.stdout.readline())
