// The identity store in memory, with compare-and-set as the API server does it. Passes the contract
// test of tests/unit/cloudhub/identity_store_test.cc.
#pragma once

#include <deque>

#include "cloudcore/cloudhub/identity_store.h"
// clang-format off
#include <boost/asio/use_awaitable.hpp>
// clang-format on

namespace skerry::test {

class FakeIdentityStore final : public cloudhub::IdentityStore {
 public:
  using Record = cloudhub::Record;

  /// The next calls fail with these, in order. `done_anyway`: the write happened, its answer was
  /// lost.
  struct Fault {
    Error error;
    bool done_anyway = false;
  };
  std::deque<Fault> faults;
  std::map<std::string, Record> records;
  int writes = 0;

  async::Task<Result<Record>> get(std::string name) override {
    co_await step();
    if (std::optional<Fault> fault = take_fault()) co_return fail(fault->error);
    const auto found = records.find(name);
    if (found == records.end()) co_return fail(Code::kNotFound, name + " not found");
    co_return found->second;
  }

  async::Task<Result<std::vector<Record>>> list(cloudhub::RecordKind kind) override {
    co_await step();
    if (std::optional<Fault> fault = take_fault()) co_return fail(fault->error);
    std::vector<Record> found;
    for (const auto& [name, record] : records) {
      if (record.kind == kind) found.push_back(record);
    }
    co_return found;
  }

  async::Task<Result<Record>> create(Record record) override {
    co_await step();
    const std::optional<Fault> fault = take_fault();
    if (fault && !fault->done_anyway) co_return fail(fault->error);
    if (records.contains(record.name)) {
      co_return fail(Code::kAlreadyExists, record.name + " already exists");
    }
    store(record);
    if (fault) co_return fail(fault->error);
    co_return record;
  }

  async::Task<Result<Record>> replace(Record record) override {
    co_await step();
    const std::optional<Fault> fault = take_fault();
    if (fault && !fault->done_anyway) co_return fail(fault->error);
    const auto found = records.find(record.name);
    if (found == records.end()) co_return fail(Code::kNotFound, record.name + " not found");
    if (found->second.resource_version != record.resource_version) {
      co_return fail(Code::kConflict, record.name + " has changed");
    }
    store(record);
    if (fault) co_return fail(fault->error);
    co_return record;
  }

  async::Task<Result<void>> remove(std::string name) override {
    co_await step();
    if (std::optional<Fault> fault = take_fault()) co_return fail(fault->error);
    if (records.erase(name) == 0) co_return fail(Code::kNotFound, name + " not found");
    co_return Result<void>();
  }

 private:
  /// Other coroutines run between any two calls.
  static async::Task<void> step() {
    const async::Executor executor = co_await async::this_executor();
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
  }
  std::optional<Fault> take_fault() {
    if (faults.empty()) return std::nullopt;
    Fault fault = faults.front();
    faults.pop_front();
    return fault;
  }
  void store(Record& record) {
    record.resource_version = std::to_string(++version_);
    records[record.name] = record;
    ++writes;
  }

  int version_ = 100;
};

}  // namespace skerry::test
