skerry_unit_tests(lane THREADED USES skerry_lane)
target_sources(unit_lane PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/lane_frame_fuzz.cc)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND SKERRY_SANITIZE MATCHES "fuzzer")
  add_executable(fuzz_lane_frame ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/lane_frame_fuzz.cc)
  target_link_libraries(fuzz_lane_frame PRIVATE skerry_lane)
endif()
