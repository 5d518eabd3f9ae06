skerry_unit_tests(seam USES skerry_seam)
