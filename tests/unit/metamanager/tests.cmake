find_package(Threads REQUIRED)
add_library(skerry_powercut STATIC support/powercut_vfs.cc)
target_include_directories(skerry_powercut PUBLIC ${CMAKE_SOURCE_DIR})
target_link_libraries(skerry_powercut PUBLIC dep_sqlite)

# Killed again and again by store_kill_test.cc.
add_executable(store_writer support/store_writer.cc)
target_link_libraries(store_writer PRIVATE skerry_metamanager)

skerry_unit_tests(metamanager THREADED USES skerry_metamanager skerry_powercut)
add_dependencies(unit_metamanager store_writer)
target_compile_definitions(unit_metamanager PRIVATE STORE_WRITER="$<TARGET_FILE:store_writer>")
# 5,000 power cuts and 200 killed processes; SKERRY_POWER_CUTS and SKERRY_STORE_KILLS make it fewer.
set_tests_properties(unit_metamanager PROPERTIES TIMEOUT 900)
if(SKERRY_SANITIZE STREQUAL "thread")  # here the threads are looked at, not the disk
  set_tests_properties(unit_metamanager PROPERTIES ENVIRONMENT "SKERRY_POWER_CUTS=50;SKERRY_STORE_KILLS=5")
endif()
