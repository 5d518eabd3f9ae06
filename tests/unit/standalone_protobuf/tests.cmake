if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_protobuf USES skerry_standalone_protobuf)
endif()
