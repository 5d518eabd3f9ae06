if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_controllers USES skerry_standalone_controllers skerry_standalone_scheduler)
endif()
