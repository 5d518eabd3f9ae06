// store_writer PATH FROM: commits FROM, FROM+1, ... for ever and prints each number after its
// commit returned. tests/unit/metamanager/store_kill_test.cc kills it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "edgecore/metamanager/store.h"

using namespace skerry;
using namespace skerry::metamanager;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto opened = Store::open(argv[1], seam::posix_world(), {});
  if (!opened || !opened->damaged_file.empty()) {
    std::fprintf(stderr, "%s\n", opened ? "damaged" : opened.error().what.c_str());
    return 1;
  }
  for (std::uint64_t i = std::strtoull(argv[2], nullptr, 10);; ++i) {
    const std::string json = std::to_string(i) + std::string(i * 131 % 5000, ' ');
    const ObjectKey key{k8s::Kind::kConfigMap, "default", "c" + std::to_string(i % 50)};
    Batch batch;
    batch.changes.resize(1);
    batch.changes[0].upsert.object = k8s::received_object(
        key, Uid("u"), k8s::ContentVersion(digest(json)), ResourceVersion(i), json);
    NewReport event;
    event.kind = lane::ReportKind::kEvent;
    event.key = key;
    event.body = std::to_string(i);
    batch.reports.push_back(event);
    if (!opened->store->commit(batch)) return 1;
    const std::string line = std::to_string(i) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return 0;
  }
}
