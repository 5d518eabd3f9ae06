if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_scheduler USES skerry_standalone_scheduler)
endif()
