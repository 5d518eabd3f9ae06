skerry_unit_tests(k8s USES skerry_k8s)
