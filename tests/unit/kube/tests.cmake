skerry_unit_tests(kube USES skerry_kube)
