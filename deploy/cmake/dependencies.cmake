# Debian 12 packages, found once. A release's edgecore links them statically: it saves about a third of its
# memory (no relocated pages), and it is the one binary that runs in thousands of small boxes. cloudcore
# never does: cpprestsdk brings the shared OpenSSL, and two copies in one process would mix.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)

# An executable with the property SKERRY_STATIC gets the archives.
function(skerry_library name)
  cmake_parse_arguments(L "" "" "SHARED;STATIC" ${ARGN})
  add_library(dep_${name} INTERFACE)
  set(static $<BOOL:$<TARGET_PROPERTY:SKERRY_STATIC>>)
  target_link_libraries(dep_${name} INTERFACE "$<${static}:${L_STATIC}>" "$<$<NOT:${static}>:${L_SHARED}>")
endfunction()

skerry_library(openssl SHARED ssl crypto STATIC -l:libssl.a -l:libcrypto.a)
skerry_library(sqlite SHARED sqlite3 STATIC -l:libsqlite3.a m)
skerry_library(protobuf SHARED protobuf-lite STATIC -l:libprotobuf-lite.a)
skerry_library(zstd SHARED zstd STATIC -l:libzstd.a)
skerry_library(nghttp2 SHARED nghttp2 STATIC -l:libnghttp2.a)
skerry_library(re2 SHARED re2 STATIC -l:libre2.a)
skerry_library(yaml SHARED yaml-cpp STATIC -l:libyaml-cpp.a)

# Asio and Beast are header libraries: one object file holds them (common/async/asio.cc).
add_library(dep_asio INTERFACE)
target_link_libraries(dep_asio INTERFACE Threads::Threads)
target_compile_definitions(dep_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION)
