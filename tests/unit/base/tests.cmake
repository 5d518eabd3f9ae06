skerry_unit_tests(base USES skerry_base)
