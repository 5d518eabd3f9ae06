#include "edgecore/local_api.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/config/go_duration.h"
#include "common/k8s/time.h"
#include "edgecore/edged/container_log.h"
#include "edgecore/edgehub/link_metrics.h"
#include "edgecore/metamanager/store_metrics.h"

namespace skerry::edgecore {
namespace {

using async::Task;
using metrics::HttpReply;
using metrics::HttpRequest;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

using Parts = std::shared_ptr<const LocalApiParts>;

HttpReply json_reply(const Json& json) { return {200, json.dump(2) + "\n", "application/json"}; }

std::string of(const HttpRequest& request, const char* name, std::string fallback = {}) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? fallback : found->second;
}

// ---- status ----------------------------------------------------------------------------------

Task<HttpReply> status(Parts parts, HttpRequest) {
  const auto store = co_await parts->meta.snapshot();
  const edgehub::LinkStatus link = parts->hub.status();
  const auto figures = parts->meta.figures();
  Json out;
  out["node"] = parts->facts.node;
  out["version"] = parts->facts.version;
  out["link"] = {{"cloudcore", parts->facts.server},      {"up", link.live},
                 {"since", k8s::format_time(link.since)}, {"lastError", link.last_error},
                 {"otherCluster", link.foreign_cluster},  {"connections", link.connections}};
  const NodeIdentity& identity = parts->identity;
  out["certificate"] = {{"expires", k8s::format_time(identity.stored().certificate.not_after)},
                        {"state", edgehub::to_string(identity.state())}};
  const edged::TokenFigures& tokens = parts->tokens.figures();
  out["tokens"] = {
      {"stored", tokens.stored},
      {"expiredButServed", tokens.leased},
      {"pastLease", tokens.ended},
      {"offlineLease", config::format_go_duration(parts->facts.offline_credential_lease)}};
  out["runtime"] = {{"answers", parts->edged.runtime_answers()}};
  if (store) {
    out["store"] = {{"id", store->store.str()},
                    {"cluster", store->cluster.str()},
                    {"objects", store->content.size()},
                    {"commits", figures.commits},
                    {"failedCommits", figures.failures}};
    out["reports"] = {{"waiting", store->waiting_reports},
                      {"eventsDropped", store->dropped_events}};
  } else {
    out["store"] = {{"error", store.error().what}};
  }
  co_return json_reply(out);
}

// ---- pods and objects ------------------------------------------------------------------------

Task<HttpReply> pods(Parts parts, HttpRequest) {
  Json out = Json::array();
  for (const edged::PodSummary& pod : parts->edged.pods()) {
    Json row = {
        {"namespace", pod.ns},
        {"name", pod.name},
        {"uid", pod.uid.str()},
        {"phase", pod.phase},
        {"reason", pod.reason},
        {"ready", std::to_string(pod.containers_ready) + "/" + std::to_string(pod.containers)},
        {"restarts", pod.restarts},
        {"ip", pod.ip}};
    if (pod.start_time) row["started"] = k8s::format_time(*pod.start_time);
    out.push_back(std::move(row));
  }
  co_return json_reply(out);
}

Task<HttpReply> objects(Parts parts, HttpRequest) {
  Json out = Json::array();
  for (const k8s::KindInfo& kind : k8s::kinds()) {
    if (!kind.stored_at_edge) continue;
    const auto stored = co_await parts->meta.list(kind.kind);
    if (!stored) co_return metrics::error_reply(stored.error());
    for (const metamanager::StoredObject& one : *stored) {
      out.push_back({{"kind", kind.wire},
                     {"namespace", one.object->key.ns},
                     {"name", one.object->key.name},
                     {"uid", one.object->uid.str()},
                     {"version", one.object->version.hex().substr(0, 12)},
                     {"bytes", one.object->json->size()},
                     {"refused", one.refused_reason}});
    }
  }
  co_return json_reply(out);
}

// ---- logs ------------------------------------------------------------------------------------

/// The newest log file of a container: the one with the highest restart count.
std::string newest_log(const fs::path& directory) {
  int newest = -1;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename();
    int number = -1;
    const auto [end, status] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (status == std::errc{} && std::string_view(end) == ".log") newest = std::max(newest, number);
  }
  if (newest < 0) return {};
  return directory / (std::to_string(newest) + ".log");
}

std::string only_container(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  return names.size() == 1 ? names.front() : std::string();
}

Task<HttpReply> logs(Parts parts, HttpRequest request) {
  const std::string ns = of(request, "namespace", "default");
  const std::string name = of(request, "pod");
  std::string container = of(request, "container");
  const auto known = parts->edged.pods();
  const auto pod = std::find_if(known.begin(), known.end(), [&](const edged::PodSummary& one) {
    return one.ns == ns && one.name == name;
  });
  if (pod == known.end()) {
    co_return metrics::error_reply(
        {Code::kNotFound, "pod " + ns + "/" + name + " is not here", {}});
  }
  const fs::path directory = parts->edged.log_dir(ns, name, pod->uid);
  if (container.empty()) container = only_container(directory);
  const bool plain = !container.empty() && container.find('/') == std::string::npos;
  const std::string file = plain && container != ".." ? newest_log(directory / container) : "";
  if (file.empty()) {
    co_return metrics::error_reply(
        {Code::kNotFound, "no such container, or no log yet; name one with --container", {}});
  }
  edged::LogOptions options;
  const std::string tail = of(request, "tail");
  std::size_t lines = 0;
  if (std::from_chars(tail.data(), tail.data() + tail.size(), lines).ec == std::errc{}) {
    options.tail_lines = lines;
  }
  const Result<std::string> text = edged::read_container_log(file, options);
  if (!text) co_return metrics::error_reply(text.error());
  co_return HttpReply{200, *text};
}

// ---- metrics ---------------------------------------------------------------------------------

void export_metrics(const LocalApiParts& parts) {
  edgehub::export_link(parts.hub.status(), parts.registry);
  edgehub::export_certificate(parts.identity.stored().certificate.not_after, parts.registry);
  metamanager::export_store(parts.meta.figures(), parts.registry);
  edged::export_edged(parts.edged.figures(), parts.registry);
  edged::export_runtime(parts.runtime.calls(), parts.registry);
  edged::export_tokens(parts.tokens.figures(), parts.registry);
}

}  // namespace

metrics::HttpRoutes local_routes(LocalApiParts given) {
  const auto parts = std::make_shared<const LocalApiParts>(std::move(given));
  metrics::HttpRoutes routes;
  metrics::add_health_routes(routes, parts->registry, [parts]() -> Result<void> {
    if (parts->edged.runtime_answers()) return {};
    return fail(Code::kUnavailable, "the container runtime does not answer");
  });
  routes["/metrics"] = [parts, text = routes.at("/metrics")](HttpRequest request) {
    export_metrics(*parts);
    return text(std::move(request));
  };
  routes["/status"] = [parts](HttpRequest request) { return status(parts, std::move(request)); };
  routes["/pods"] = [parts](HttpRequest request) { return pods(parts, std::move(request)); };
  routes["/objects"] = [parts](HttpRequest request) { return objects(parts, std::move(request)); };
  routes["/logs"] = [parts](HttpRequest request) { return logs(parts, std::move(request)); };
  return routes;
}

std::string socket_path(const std::string& data_dir) { return data_dir + "/edgecore.sock"; }

}  // namespace skerry::edgecore
