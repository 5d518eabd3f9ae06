if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_controllers USES skerry_standalone_controllers)
endif()
