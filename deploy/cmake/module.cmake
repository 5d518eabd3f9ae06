# skerry_module(cloudhub SOURCES a.cc b.cc USES skerry_lane dep_openssl)
# Folder = module = CMake target skerry_<module>; the link graph is the include rule of design.md 2.
function(skerry_module name)
  cmake_parse_arguments(M "" "" "SOURCES;USES" ${ARGN})
  add_library(skerry_${name} STATIC ${M_SOURCES})
  target_include_directories(skerry_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(skerry_${name} PUBLIC ${M_USES})
endfunction()
