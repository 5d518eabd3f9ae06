skerry_unit_tests(tls USES skerry_tls)
