skerry_unit_tests(metrics THREADED USES skerry_metrics)
