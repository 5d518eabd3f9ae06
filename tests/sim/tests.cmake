# One seeded simulation of cloud, link and edges (tests/sim/simulation.h). The controllers' pure parts are
# compiled in, not linked: their modules bring the HTTP client.
if(SKERRY_CLOUD)
  file(GLOB sim_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/sim/*.cc)
  add_executable(skerry_sim ${sim_sources}
                 ${CMAKE_CURRENT_SOURCE_DIR}/support/powercut_vfs.cc
                 ${CMAKE_SOURCE_DIR}/cloudcore/kube/list_watch_protocol.cc
                 ${CMAKE_SOURCE_DIR}/cloudcore/edgecontroller/catch_up_step.cc
                 ${CMAKE_SOURCE_DIR}/cloudcore/edgecontroller/desired_index.cc)
  target_link_libraries(skerry_sim PRIVATE skerry_cloudhub_protocol skerry_edgehub_protocol
                                           skerry_metamanager skerry_lane skerry_k8s)

  function(skerry_sim_test name)
    add_test(NAME sim_${name} COMMAND skerry_sim ${ARGN})
    set_tests_properties(sim_${name} PROPERTIES LABELS sim TIMEOUT 1800)
  endfunction()
  set(SKERRY_SIM_SEEDS 1000 CACHE STRING "seeds of the simulation in one run of CI")
  # Coverage needs many seeds and is judged where they are cheap; sanitizers see the same code in a few.
  if(NOT SKERRY_SANITIZE)
    skerry_sim_test(seeds --seeds=${SKERRY_SIM_SEEDS})
    add_test(NAME sim_long COMMAND skerry_sim --seeds=10000)
    set_tests_properties(sim_long PROPERTIES LABELS long TIMEOUT 7200)
  endif()
  skerry_sim_test(replay --seeds=20 --check-replay)
  skerry_sim_test(regressions --regressions=${CMAKE_CURRENT_SOURCE_DIR}/sim/regressions.txt)
  # Each planted bug must be found.
  foreach(bug ack-before-fsync remove-ignores-uid welcome-before-lists outbox-cleared-on-send
              old-cleanup-touches-new no-relist-after-410)
    skerry_sim_test(finds_${bug} --seeds=200 --bug=${bug})
  endforeach()
endif()
