skerry_unit_tests(metrics USES skerry_metrics)
