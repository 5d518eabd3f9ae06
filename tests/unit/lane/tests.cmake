skerry_unit_tests(lane USES skerry_lane)
