if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_access USES skerry_standalone_access)
endif()
