# A runtime in memory, for edged's coroutines on virtual time, and what it promises: e2e runs
# cri_contract against a real one.
add_library(skerry_fake_runtime STATIC support/fake_runtime.cc support/cri_contract.cc)
target_link_libraries(skerry_fake_runtime PUBLIC skerry_edged)
target_include_directories(skerry_fake_runtime PUBLIC ${CMAKE_SOURCE_DIR})
add_executable(cri_contract support/cri_contract_main.cc)
target_link_libraries(cri_contract PRIVATE skerry_fake_runtime)

skerry_unit_tests(edged USES skerry_edged skerry_fake_runtime skerry_powercut)
