if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_patch USES skerry_standalone_patch)
endif()
