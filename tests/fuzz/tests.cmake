# skerry_fuzz(grpc_reply SOURCES a.cc USES skerry_base): the target is NAME_fuzz.cc, its inputs corpus/NAME.
# By preset fuzz (clang) it is a fuzzer, fuzz_NAME, which `tests/run long` runs for a fixed time; by every
# other preset its corpus is a unit test, corpus_NAME. SOURCES: of modules that bring more than is fuzzed.
set(SKERRY_FUZZ_SECONDS 60 CACHE STRING "how long a fuzz target runs")
add_custom_target(skerry_fuzzers)

function(skerry_fuzz name)
  cmake_parse_arguments(F "" "" "SOURCES;USES" ${ARGN})
  list(TRANSFORM F_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/)
  list(APPEND F_SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${name}_fuzz.cc)
  set(corpus tests/fuzz/corpus/${name})
  if(SKERRY_SANITIZE MATCHES "fuzzer")
    add_executable(fuzz_${name} ${F_SOURCES})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(skerry_fuzzers fuzz_${name})
    # New inputs go to the build tree; a finding lies beside it as crash-*.
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus/${name})
    add_test(NAME fuzz_${name}
             COMMAND fuzz_${name} -max_total_time=${SKERRY_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=1024
                     -print_final_stats=1 ${CMAKE_BINARY_DIR}/corpus/${name} ${CMAKE_SOURCE_DIR}/${corpus})
    set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz TIMEOUT 1200)
  else()
    add_executable(corpus_${name} ${F_SOURCES} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus_test.cc)
    target_compile_definitions(corpus_${name} PRIVATE SKERRY_CORPUS="${corpus}")
    target_link_libraries(corpus_${name} PRIVATE skerry_catch)
    add_test(NAME corpus_${name} COMMAND corpus_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(corpus_${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
  foreach(target fuzz_${name} corpus_${name})
    if(TARGET ${target})
      target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
      target_link_libraries(${target} PRIVATE ${F_USES})
    endif()
  endforeach()
endfunction()

skerry_fuzz(lane_frame USES skerry_lane)
skerry_fuzz(object_json USES skerry_k8s)
skerry_fuzz(config_file USES skerry_config)
skerry_fuzz(grpc_reply SOURCES edgecore/edged/grpc_frames.cc USES skerry_base)
skerry_fuzz(container_log SOURCES edgecore/edged/container_log.cc edgecore/edged/small_file.cc
            USES skerry_base skerry_async)
if(SKERRY_CLOUD)
  skerry_fuzz(kubeconfig SOURCES cloudcore/kube/client_config.cc cloudcore/kube/small_file.cc
              USES skerry_base dep_yaml)
  skerry_fuzz(custom_object USES skerry_standalone_custom_objects skerry_standalone_printing)
  skerry_fuzz(join_record SOURCES cloudcore/cloudhub/identity_record.cc cloudcore/cloudhub/join_token.cc
              USES skerry_base skerry_k8s skerry_async dep_openssl)
endif()
