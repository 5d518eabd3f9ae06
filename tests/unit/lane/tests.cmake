skerry_unit_tests(lane THREADED USES skerry_lane)
