if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_storage THREADED USES skerry_standalone_storage skerry_powercut)
  skerry_unit_tests(standalone_api USES skerry_standalone_api)
  if(SKERRY_SANITIZE STREQUAL "thread")  # here the threads are looked at, not the disk
    set_tests_properties(unit_standalone_storage PROPERTIES ENVIRONMENT "SKERRY_POWER_CUTS=50")
  endif()
endif()
