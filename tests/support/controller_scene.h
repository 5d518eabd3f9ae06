// Controllers of the standalone API on the real API and object store, on virtual time: a test
// writes objects as a client, plays the kubelet, and looks at what the controllers made of it.
#pragma once

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/controllers/controller.h"
#include "common/k8s/json_fields.h"
#include "tests/support/memory_storage.h"
#include "tests/support/virtual_loop.h"

namespace skerry::test {

class ControllerScene {
 public:
  using Json = nlohmann::json;
  using Type = standalone::ResourceType;

  ControllerScene()
      : store_(std::make_unique<MemoryStorage>(), loop.io.get_executor()),
        api_(start(), loop.world.world(), "127.0.0.1:6443"),
        client(api_, store_, "system:kube-controller-manager") {
    api_.add_admission([this](standalone::AdmissionRequest& asked) { return admit(asked); });
    create(standalone::resources::kNamespaces, R"({"metadata":{"name":"default"}})");
  }
  ~ControllerScene() {
    for (const auto& runner : runners_) loop.run(runner->stop());
    loop.run(store_.stop());
  }

  seam::World world() { return loop.world.world(); }
  /// Starts it. Before the first run_for().
  void add(std::unique_ptr<standalone::Controller> controller) {
    runners_.push_back(std::make_unique<standalone::ControllerRunner>(
        std::move(controller), store_, world(), loop.io.get_executor()));
    runners_.back()->start();
  }
  void settle() { loop.run_for(std::chrono::milliseconds(200)); }

  // As a client, in namespace default (none for Nodes and Namespaces). All REQUIRE success.
  Json create(const Type& type, const std::string& body) {
    return done(client.create(type, namespace_of(type), Json::parse(body)));
  }
  Json patch(const Type& type,
             const std::string& name,
             const std::string& change,
             const std::string& subresource = {}) {
    return done(client.patch(type, namespace_of(type), name, Json::parse(change), subresource));
  }
  void remove(const Type& type, const std::string& name, standalone::Removal removal = {}) {
    (void)done(client.remove(type, namespace_of(type), name, std::move(removal)));
  }
  /// null: there is none.
  Json get(const Type& type, const std::string& name) {
    return client.get(type, namespace_of(type), name).value_or(Json());
  }
  std::vector<Json> list(const Type& type) {
    std::vector<Json> out;
    for (const auto& each : client.list(type, namespace_of(type))) {
      out.push_back(standalone::parsed(*each));
    }
    return out;
  }
  /// Their names in order, with a blank behind each.
  std::string names(const Type& type) {
    std::string out;
    for (const auto& each : client.list(type, namespace_of(type))) out += each->name + " ";
    return out;
  }
  /// "reason: message" of all Events, a line each, with "(xN)" behind repeated ones; by name.
  std::vector<std::string> events() {
    std::vector<std::string> out;
    for (const Json& each : list(standalone::resources::kEvents)) {
      const auto count = k8s::fields::number(each, "count").value_or(1);
      out.push_back(k8s::fields::text(each, "reason") + ": " + k8s::fields::text(each, "message") +
                    (count > 1 ? " (x" + std::to_string(count) + ")" : ""));
    }
    return out;
  }
  bool has_event(const std::string& line) {
    const auto all = events();
    return std::find(all.begin(), all.end(), line) != all.end();
  }

  // As the kubelet.
  /// Nothing when it has gone.
  void set_ready(const std::string& pod, bool ready = true) {
    const std::string now = k8s::format_time(loop.world.wall());
    Json status = {{"phase", "Running"},
                   {"conditions", Json::array({{{"type", "Ready"},
                                                {"status", ready ? "True" : "False"},
                                                {"lastTransitionTime", now}}})}};
    Json change = {{"status", std::move(status)}};
    const auto done =
        loop.run(client.patch(standalone::resources::kPods, "default", pod, change, "status"));
    REQUIRE((done || done.error().code == 404));
  }
  void end(const std::string& pod, const std::string& phase, int exit_code = 0) {
    const Json status = {
        {"phase", phase},
        {"conditions", Json::array()},
        {"containerStatuses",
         Json::array({{{"name", "c"},
                       {"ready", false},
                       {"restartCount", 0},
                       {"image", "x"},
                       {"imageID", ""},
                       {"state",
                        {{"terminated",
                          {{"exitCode", exit_code},
                           {"finishedAt", k8s::format_time(loop.world.wall())}}}}}}})}};
    patch(standalone::resources::kPods, pod, Json({{"status", status}}).dump(), "status");
  }
  void set_all_ready() {
    for (const Json& pod : list(standalone::resources::kPods)) {
      if (!pod["metadata"].contains("deletionTimestamp")) set_ready(pod["metadata"]["name"]);
    }
  }
  /// What the kubelet does at the end of a grace period.
  void finish_deletions() {
    standalone::Removal removal;
    removal.grace_seconds = 0;
    for (const Json& pod : list(standalone::resources::kPods)) {
      if (pod["metadata"].contains("deletionTimestamp")) {
        remove(standalone::resources::kPods, pod["metadata"]["name"], removal);
      }
    }
  }

  VirtualLoop loop;
  bool refuse_pods = false;  // no Pod can be created

 private:
  standalone::Answer<void> admit(const standalone::AdmissionRequest& asked) const {
    const bool pod = asked.request.row->kind == "Pod" &&
                     asked.operation == standalone::AdmissionRequest::Operation::kCreate;
    if (pod && refuse_pods) return standalone::forbidden("pods are refused");
    return {};
  }
  standalone::ObjectStore& start() {
    REQUIRE(loop.run(store_.load()).has_value());
    return store_;
  }
  static std::string namespace_of(const Type& type) {
    return type.plural == "nodes" || type.plural == "namespaces" ? "" : "default";
  }
  Json done(async::Task<standalone::Answer<Json>> call) {
    auto answer = loop.run(std::move(call));
    const std::string failure = answer ? "" : answer.error().message;
    REQUIRE(failure == "");
    return std::move(*answer);
  }

  standalone::ObjectStore store_;
  standalone::Api api_;
  std::vector<std::unique_ptr<standalone::ControllerRunner>> runners_;

 public:
  standalone::ApiClient client;  // after what it uses
};

}  // namespace skerry::test
