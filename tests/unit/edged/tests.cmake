skerry_unit_tests(edged USES skerry_edged)
