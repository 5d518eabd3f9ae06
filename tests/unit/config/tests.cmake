skerry_unit_tests(config USES skerry_config)
