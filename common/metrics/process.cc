#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "common/metrics/registry.h"

namespace skerry::metrics {
namespace {

std::uint64_t resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                             &std::fclose);
  unsigned long long total = 0;
  unsigned long long resident = 0;
  if (!file || std::fscanf(file.get(), "%llu %llu", &total, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t open_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), &closedir);
  if (!directory) return 0;
  std::uint64_t count = 0;
  while (readdir(directory.get()) != nullptr) ++count;
  return count > 3 ? count - 3 : 0;  // ".", ".." and the directory itself
}

std::uint64_t cpu_milliseconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto of = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1000 +
           static_cast<std::uint64_t>(time.tv_usec) / 1000;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace

std::string process_text() {
  const std::uint64_t cpu = cpu_milliseconds();
  std::string fraction = std::to_string(1000 + cpu % 1000).substr(1);
  return "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes " +
         std::to_string(resident_bytes()) + "\n# TYPE process_open_fds gauge\nprocess_open_fds " +
         std::to_string(open_files()) +
         "\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total " +
         std::to_string(cpu / 1000) + "." + fraction + "\n";
}

}  // namespace skerry::metrics
