#include "edgecore/metamanager/store_metrics.h"

#include "tests/support/run_task.h"
#include "tests/unit/metamanager/store_fixture.h"

using namespace skerry;
using namespace skerry::metamanager;

TEST_CASE("StoreMetrics: commits, bytes and waiting reports, under their names", "[metamanager]") {
  boost::asio::io_context loop;
  StoreOnDisk disk;
  MetaManager meta(loop.get_executor(), std::move(disk.store));
  const ObjectKey pod = key_of(k8s::Kind::kPod, "p");
  const auto commit = [&](Batch batch) {
    REQUIRE(test::run_task<Result<void>>(loop, meta.commit(std::move(batch))));
  };
  commit(changes({upsert_of(object_of(pod, "u", "{}"))}));
  commit(reports({report_of(lane::ReportKind::kPodStatus, pod, "u", "{\"a\":1}")}));
  const MetaManager::Figures figures = meta.figures();
  CHECK(figures.waiting_reports == 1);
  CHECK(figures.written_bytes >= 2 * 512);
  CHECK(figures.written_bytes < 1024 * 1024);

  metrics::Registry registry;
  export_store(figures, registry);
  const std::string text = registry.text();
  for (const std::string& line : {
           std::string("skerry_metamanager_commits_total 2"),
           std::string("skerry_metamanager_commit_failures_total 0"),
           std::string("skerry_metamanager_reports_waiting 1"),
           "skerry_metamanager_written_bytes_total " + std::to_string(figures.written_bytes),
       }) {
    INFO(line << "\n" << text);
    CHECK(text.find("\n" + line + "\n") != std::string::npos);
  }
}
