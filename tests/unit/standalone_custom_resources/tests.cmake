if(SKERRY_CLOUD)
  skerry_unit_tests(standalone_custom_resources
                    USES skerry_standalone_custom_resources skerry_standalone_printing)
endif()
