"""The standalone API completes and refuses objects as a real kube-apiserver does.

Shows of issue "Standalone": a malformed manifest gets Kubernetes' own kind of message with the
field's path; defaults are facts. The manifests are support/kind_manifests.
"""
from harness.case import KubernetesTestCase
from harness.cloudcore import StandaloneCloudCore
from kind_manifests import compare


class KindDefaultsTest(KubernetesTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cloudcore = StandaloneCloudCore(cls.directory / "cloud")
        cls.processes.append(cls.cloudcore.process)
        cls.addClassCleanup(cls.cloudcore.process.stop)
        cls.cloudcore.create()
        cls.own = compare.api_of(cls.cloudcore.data_dir / "kubeconfig")
        for api in (cls.api, cls.own):
            compare.prepare(api)
        cls.addClassCleanup(compare.remove, cls.api)

    def setUp(self):
        """All cases share a namespace: nothing stays in it."""

    def test_every_manifest_is_answered_as_by_kubernetes(self):
        cases = compare.all_cases()
        self.assertGreater(len(cases), 170)
        for name, case in cases.items():
            with self.subTest(name):
                self.assertEqual(compare.difference(self.api, self.own, case), "")
