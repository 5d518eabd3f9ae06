# Debian 12 packages, found once. edgecore links them statically in a release: it saves about a third
# of its memory (no relocated pages), and it is the one binary that runs in thousands of small boxes.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)

function(skerry_library name shared static)
  add_library(dep_${name} INTERFACE)
  if(SKERRY_STATIC_EDGE)
    target_link_libraries(dep_${name} INTERFACE ${static})
  else()
    target_link_libraries(dep_${name} INTERFACE ${shared})
  endif()
endfunction()

skerry_library(openssl "ssl;crypto" "-Wl,-Bstatic;-lssl;-lcrypto;-Wl,-Bdynamic")
skerry_library(sqlite "sqlite3" "-Wl,-Bstatic;-lsqlite3;-Wl,-Bdynamic;-lm")
skerry_library(protobuf "protobuf-lite" "-Wl,-Bstatic;-lprotobuf-lite;-Wl,-Bdynamic")
skerry_library(zstd "zstd" "-Wl,-Bstatic;-lzstd;-Wl,-Bdynamic")
skerry_library(nghttp2 "nghttp2" "-Wl,-Bstatic;-lnghttp2;-Wl,-Bdynamic")
skerry_library(yaml "yaml-cpp" "-Wl,-Bstatic;-lyaml-cpp;-Wl,-Bdynamic")

# Asio and Beast are header libraries: one object file holds them (common/async/asio.cc).
add_library(dep_asio INTERFACE)
target_link_libraries(dep_asio INTERFACE Threads::Threads)
target_compile_definitions(dep_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION)
