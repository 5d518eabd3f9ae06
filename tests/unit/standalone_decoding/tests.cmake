if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_decoding USES skerry_standalone_decoding)
endif()
