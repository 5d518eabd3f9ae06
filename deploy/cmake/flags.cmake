# Warnings for everybody, hardening for releases (OpenSSF guide; reference/reliability.md section 6).
add_compile_options(-Wall -Wextra -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual -Werror=return-type
                    -Werror=unused-result -Wno-mismatched-new-delete)  # GCC 12 reports Asio's frames wrongly
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 calls what it deprecates itself.
  add_compile_options(-Wno-unknown-warning-option -Wno-deprecated-declarations)
  # Boost 1.74 looks for <experimental/coroutine> and nothing else when the compiler is clang.
  add_compile_definitions(BOOST_ASIO_HAS_CO_AWAIT=1)
endif()
add_compile_definitions(_FILE_OFFSET_BITS=64 _TIME_BITS=64)
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")

if(SKERRY_SANITIZE)
  add_compile_options(-fsanitize=${SKERRY_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SKERRY_SANITIZE})
  add_compile_options(-Wno-maybe-uninitialized)  # false positives under sanitizers (GCC 12 manual)
  if(SKERRY_SANITIZE STREQUAL "thread")
    add_compile_options(-Wno-tsan)
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-ffunction-sections -fdata-sections -fstack-protector-strong -fstack-clash-protection)
  # Not -ftrivial-auto-var-init=zero: with it g++ 12 was seen to write zeros into live coroutine frames.
  add_compile_definitions(_FORTIFY_SOURCE=2 _GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,--gc-sections -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
