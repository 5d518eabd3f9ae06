skerry_unit_tests(async USES skerry_async)
