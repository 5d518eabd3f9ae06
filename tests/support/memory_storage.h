// The standalone API's storage without a disk or a thread: for tests on virtual time.
#pragma once

#include <map>

#include "cloudcore/standalone/storage/storage.h"

namespace skerry::test {

/// Keeps the newest values only: every older read is kGone.
class MemoryStorage final : public standalone::Storage {
 public:
  using Revision = standalone::Revision;

  async::Task<Result<std::vector<Result<Revision>>>> append(
      std::vector<standalone::StorageWrite> writes) override {
    std::vector<Result<Revision>> out;
    for (standalone::StorageWrite& write : writes) {
      const auto there = values_.find(write.key);
      const Revision has = there == values_.end() ? 0 : there->second.revision;
      if (has != write.expected) {
        out.push_back(fail(Code::kConflict, "another revision"));
        continue;
      }
      ++last_;
      if (write.value) {
        values_[write.key] = {write.key, std::move(*write.value), last_};
      } else {
        values_.erase(write.key);
      }
      out.push_back(last_);
    }
    co_return out;
  }

  async::Task<Result<std::vector<standalone::StoredValue>>> list(std::string prefix,
                                                                 Revision at,
                                                                 std::string after,
                                                                 std::size_t limit) override {
    if (at != 0 && at < last_) co_return fail(Code::kGone, "compacted");
    std::vector<standalone::StoredValue> out;
    for (const auto& [key, value] : values_) {
      if (!key.starts_with(prefix) || key <= after) continue;
      if (limit != 0 && out.size() == limit) break;
      out.push_back(value);
    }
    co_return out;
  }

  async::Task<Result<std::vector<standalone::StorageChange>>> changes(Revision from,
                                                                      std::size_t) override {
    if (from < last_) co_return fail(Code::kGone, "compacted");
    co_return std::vector<standalone::StorageChange>();
  }
  async::Task<Result<void>> compact(Revision) override { co_return Result<void>(); }
  async::Task<Result<void>> backup(std::string) override {
    co_return fail(Code::kUnsupported, "no file");
  }
  Revision current() const override { return last_; }
  Revision compacted() const override { return last_; }
  async::Task<void> stop() override { co_return; }

 private:
  std::map<std::string, standalone::StoredValue> values_;
  Revision last_ = 0;
};

}  // namespace skerry::test
