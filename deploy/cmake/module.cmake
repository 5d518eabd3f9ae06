# skerry_module(cloudhub SOURCES a.cc b.cc USES skerry_lane dep_openssl)
# Folder = module = CMake target skerry_<module>; the link graph is the include rule of design.md 2.
function(skerry_module name)
  cmake_parse_arguments(M "" "" "SOURCES;USES" ${ARGN})
  if(NOT M_SOURCES)
    return()
  endif()
  add_library(skerry_${name} STATIC ${M_SOURCES})
  target_include_directories(skerry_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(skerry_${name} PUBLIC ${M_USES})
endfunction()

# What a release ships is stripped; NAME.symbols beside it makes a crash readable.
function(skerry_strip name)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    return()
  endif()
  add_custom_command(
    TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${name}> $<TARGET_FILE:${name}>.symbols
    COMMAND ${CMAKE_STRIP} $<TARGET_FILE:${name}>
    COMMAND ${CMAKE_OBJCOPY} --add-gnu-debuglink=$<TARGET_FILE:${name}>.symbols $<TARGET_FILE:${name}>
    VERBATIM)
endfunction()
