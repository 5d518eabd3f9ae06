// A whole edged on virtual time: its store on a disk in memory, its runtime a fake one, its files in
// a directory of the test. It can lose its runtime, its store and its life.
#pragma once

#include <atomic>

#include "common/k8s/time.h"
#include "edgecore/edged/edged.h"
#include "tests/support/fake_runtime.h"
#include "tests/support/virtual_loop.h"
#include "tests/unit/edged/temp_dir.h"
#include "tests/unit/metamanager/store_fixture.h"

namespace skerry::edged {

/// A store whose commits fail when it is told so.
class FailingStore final : public metamanager::Store {
 public:
  FailingStore(std::unique_ptr<Store> store, const std::atomic<bool>& full)
      : store_(std::move(store)), full_(full) {}
  Result<std::vector<lane::Report>> commit(const metamanager::Batch& batch) override {
    if (full_) return fail(Code::kStorage, "the disk is full");
    return store_->commit(batch);
  }
  Result<std::optional<metamanager::StoredObject>> get(const k8s::ObjectKey& key) override {
    return store_->get(key);
  }
  Result<std::vector<metamanager::StoredObject>> list(k8s::Kind kind) override {
    return store_->list(kind);
  }
  Result<std::vector<metamanager::TerminatingPod>> terminating() override {
    return store_->terminating();
  }
  Result<std::optional<metamanager::PodState>> pod_state(const Uid& pod) override {
    return store_->pod_state(pod);
  }
  Result<std::optional<std::string>> status_seed(const Uid& pod) override {
    return store_->status_seed(pod);
  }
  Result<std::optional<lane::TokenGrant>> token(const lane::TokenSlot& slot) override {
    return store_->token(slot);
  }
  Result<std::vector<lane::Report>> reports_after(ReportSeq after, std::size_t limit) override {
    return store_->reports_after(after, limit);
  }
  const StoreId& id() const override { return store_->id(); }
  const ClusterId& cluster() const override { return store_->cluster(); }
  WallTime time_floor() const override { return store_->time_floor(); }
  std::vector<lane::ContentEntry> content() const override { return store_->content(); }
  std::vector<lane::StatusEntry> status() const override { return store_->status(); }
  std::map<k8s::Kind, ResourceVersion> seen() const override { return store_->seen(); }
  std::uint64_t dropped_events() const override { return store_->dropped_events(); }
  std::size_t waiting_reports() const override { return store_->waiting_reports(); }
  std::uint64_t bad_rows() const override { return store_->bad_rows(); }
  std::uint64_t written_bytes() override { return store_->written_bytes(); }

 private:
  std::unique_ptr<Store> store_;
  const std::atomic<bool>& full_;
};

class EdgedFixture {
 public:
  EdgedFixture() {
    loop.busy = [this] { return meta && meta->figures().waiting > 0; };
    loop.on_advance = [this] { runtime.tick(); };
    start();
  }
  ~EdgedFixture() { stop(); }

  void start() {
    disk.reopen();
    meta = std::make_unique<metamanager::MetaManager>(
        loop.io.get_executor(), std::make_unique<FailingStore>(std::move(disk.store), disk_full));
    cri = std::make_unique<test::FakeCri>(loop.io.get_executor(), loop.world.world(), runtime);
    EdgedConfig config;
    config.node = NodeName("gateway-1");
    config.pods_dir = dir / "pods";
    config.pod_log_root = dir / "logs";
    config.resolv_conf = dir / "resolv.conf";
    config.memory_capacity_bytes = 1 << 30;
    config.node_facts.host_ips = {"192.168.0.2"};
    config.cgroups.version = CgroupVersion::kV2;
    config.cgroups.driver = CgroupDriver::kSystemd;
    config.cgroups.root = dir / "cgroup";
    edged = std::make_unique<Edged>(loop.io.get_executor(), loop.world.world(), *meta, *cri, config);
    meta->on_objects_changed([this](const auto& keys) { edged->on_objects_changed(keys); });
    meta->on_tokens_changed([this](const auto& slots) { edged->on_tokens_changed(slots); });
    edged->start();
  }
  void stop() {
    loop.run(edged->stop());
    meta.reset();
    loop.settle();  // what the store thread had still posted
    edged.reset();
    cri.reset();
  }
  void restart() {
    stop();
    start();
  }

  // ---- the cloud's side ----

  void commit(metamanager::ObjectChange change) {
    std::vector<metamanager::ObjectChange> list;
    list.push_back(std::move(change));
    (void)loop.run(meta->commit(metamanager::changes(std::move(list))));
  }
  static k8s::ObjectKey pod_key(const std::string& name) {
    return metamanager::key_of(k8s::Kind::kPod, name);
  }
  /// `spec`: the inside of the pod's spec. `meta_fields`: more of its metadata, with commas before.
  void put(const std::string& name, const std::string& uid, const std::string& spec,
           const std::string& meta_fields = "", std::optional<std::string> seed = std::nullopt) {
    const std::string json = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name +
                             R"(","namespace":"default","uid":")" + uid + "\"" + meta_fields +
                             R"(},"spec":{)" + spec + "}}";
    auto change = metamanager::upsert_of(metamanager::object_of(pod_key(name), uid, json), seed);
    commit(std::move(change));
  }
  void put_config_map(const std::string& name, const std::string& data) {
    const std::string json = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" +
                             name + R"(","namespace":"default"},"data":)" + data + "}";
    const k8s::ObjectKey key = metamanager::key_of(k8s::Kind::kConfigMap, name);
    commit(metamanager::upsert_of(metamanager::object_of(key, "uid-" + name, json)));
  }
  void remove(const std::string& name, const std::string& uid) {
    commit(metamanager::remove_of(pod_key(name), uid));
  }

  // ---- what can be seen ----

  std::vector<lane::Report> reports() {
    return loop.run(meta->reports_after(ReportSeq(0), 10000)).value();
  }
  std::optional<lane::Report> report(lane::ReportKind kind, const std::string& uid) {
    std::optional<lane::Report> found;
    for (const lane::Report& each : reports()) {
      if (each.kind == kind && each.uid == Uid(uid)) found = each;
    }
    return found;
  }
  /// The status that waits to be sent; empty: none.
  std::string status(const std::string& uid) {
    const auto found = report(lane::ReportKind::kPodStatus, uid);
    return found ? found->body : "";
  }
  bool says(const std::string& uid, const std::string& part) {
    return status(uid).find(part) != std::string::npos;
  }
  bool finalised(const std::string& uid) {
    return report(lane::ReportKind::kFinalised, uid).has_value();
  }
  int events(const std::string& reason) {
    int count = 0;
    for (const lane::Report& each : reports()) {
      const bool event = each.kind == lane::ReportKind::kEvent;
      if (event && each.body.find("\"reason\":\"" + reason + "\"") != std::string::npos) ++count;
    }
    return count;
  }
  bool runs(const std::string& container) { return runtime.running(container) != nullptr; }
  bool gone() const { return edged->pods().empty(); }
  template <class Done>
  bool within(Duration limit, Done done) {
    return loop.run_until(done, limit);
  }
  /// Nothing of any pod: runtime, network, files.
  std::vector<std::string> leftovers() const {
    std::vector<std::string> out = runtime.violations;
    for (const auto& [id, sandbox] : runtime.sandboxes) out.push_back(id);
    for (const auto& [id, container] : runtime.containers) out.push_back(id);
    for (const char* root : {"/pods", "/logs"}) {
      std::error_code none;
      for (const auto& entry : std::filesystem::directory_iterator(dir.path() + root, none))
        out.push_back(entry.path().string());
    }
    return out;
  }

  TempDir dir;
  test::VirtualLoop loop;
  metamanager::StoreOnDisk disk;
  std::atomic<bool> disk_full{false};
  test::FakeRuntime runtime{loop.io.get_executor(), loop.world.world()};
  std::unique_ptr<metamanager::MetaManager> meta;
  std::unique_ptr<test::FakeCri> cri;
  std::unique_ptr<Edged> edged;
};

/// One container of a pod's spec.
inline std::string container_json(const std::string& name, const std::string& more = "") {
  return R"({"name":")" + name + R"(","image":"busybox:1.36")" + more + "}";
}

}  // namespace skerry::edged
