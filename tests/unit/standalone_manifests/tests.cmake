if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_manifests USES skerry_standalone_manifests)
endif()
