#include "cloudcore/standalone/manifests/manifests.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "common/base/log.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;
namespace fs = std::filesystem;

constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr auto kSettle = std::chrono::milliseconds(200);  // an editor writes more than once
constexpr Duration kRetryFirst = std::chrono::seconds(1);
constexpr Duration kRetryLast = std::chrono::seconds(60);
constexpr Duration kLookAnyway = std::chrono::minutes(5);  // a file system without inotify

GroupVersion group_version(const std::string& api_version) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string::npos) return {"", api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

Result<std::string> read_file(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return fail(Code::kStorage, error.message());
  if (size > kManifestBytesMax) return fail(Code::kTooLarge, "more than 16 MiB");
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) return fail(Code::kStorage, "cannot be read");
  return text;
}

/// What is written: the manifest, with where it is from and what it said.
json with_annotations(const ManifestObject& manifest) {
  json out = manifest.object;
  out.erase("status");
  json& metadata = out["metadata"];
  if (metadata.contains("annotations")) metadata["annotations"].erase(kLastApplied);
  metadata["annotations"][kManifestAnnotation] = manifest.file;
  const std::string said = out.dump(-1, ' ', false, json::error_handler_t::replace);
  metadata["annotations"][kLastApplied] = said;
  return out;
}

json last_applied(const json& there) {
  const json& annotations = fields::object(fields::object(there, "metadata"), "annotations");
  json out = json::parse(fields::text(annotations, kLastApplied), nullptr, false);
  if (out.is_discarded()) return nullptr;
  return out;
}

}  // namespace

Manifests::Manifests(ApiClient& client,
                     seam::World world,
                     async::Executor executor,
                     std::string folder)
    : client_(client),
      world_(world),
      executor_(executor),
      folder_(std::move(folder)),
      changed_(executor),
      tasks_(executor) {}

Result<void> Manifests::start() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return fail(Code::kStorage, folder_ + ": " + error.message());
  auto opened = DirectoryWatch::open(folder_, executor_);
  if (opened) {
    watch_ = std::move(*opened);
  } else {
    log::warning("changes of manifests are seen every five minutes only", {opened.error()});
  }
  if (watch_) tasks_.spawn("manifests: watch", watch_->run(changed_));
  tasks_.spawn("manifests", run());
  return {};
}

Task<void> Manifests::stop() {
  stopping_ = true;
  if (watch_) watch_->stop();
  changed_.notify();
  co_await tasks_.join();
}

Task<void> Manifests::run() {
  Duration retry = kRetryFirst;
  while (!stopping_) {
    const std::size_t failed = co_await apply_all();
    const Duration wait = failed > 0 ? retry : kLookAnyway;
    retry = failed > 0 ? std::min(retry * 2, kRetryLast) : kRetryFirst;
    const bool changed = co_await changed_.wait_until(world_.clock.now() + wait);
    if (!changed || stopping_) continue;
    retry = kRetryFirst;
    co_await async::sleep_for(kSettle);
  }
}

Task<std::size_t> Manifests::apply_all() {
  std::vector<ManifestObject> objects = read_folder();
  sort_for_creation(objects);
  std::map<std::string, std::string> problems;
  std::set<std::string> kept;
  for (ManifestObject& each : objects) {
    if (stopping_) break;
    const auto held = std::make_shared<const ManifestObject>(std::move(each));
    std::string problem = held->error;
    if (problem.empty()) problem = co_await apply(held);
    if (!problem.empty()) problems[held->place()] = problem;
    const json& metadata = fields::object(held->object, "metadata");
    kept.insert(held->file + "/" + fields::text(held->object, "kind") + "/" +
                fields::text(metadata, "namespace", "default") + "/" +
                fields::text(metadata, "name"));
  }
  // A file that cannot be read whole does not say what is no longer in it.
  if (problems.empty() && !stopping_) co_await prune(std::move(kept));
  report(problems);
  co_return problems.size();
}

std::vector<ManifestObject> Manifests::read_folder() const {
  std::set<std::string> files;  // by name: what an object says twice is settled by the last file
  std::vector<ManifestObject> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    if (is_manifest_name(name) && entry.is_regular_file(error)) files.insert(name);
  }
  for (const std::string& name : files) {
    const auto text = read_file(fs::path(folder_) / name);
    if (!text) {
      out.push_back({name, 1, nullptr, text.error().what});
      continue;
    }
    std::vector<ManifestObject> read = read_manifest(name, *text);
    std::move(read.begin(), read.end(), std::back_inserter(out));
  }
  return out;
}

/// Why it was not applied; empty: it was.
Task<std::string> Manifests::apply(std::shared_ptr<const ManifestObject> manifest) {
  const json& object = manifest->object;
  const std::string version = fields::text(object, "apiVersion");
  const std::string kind = fields::text(object, "kind");
  const auto row = client_.kinds().find_kind(group_version(version), kind);
  if (!row) {
    co_return "no kind " + kind + " in " + version + "; is its CustomResourceDefinition there?";
  }
  const ResourceType type{row->gv, row->plural};
  const json& metadata = fields::object(object, "metadata");
  const std::string name = fields::text(metadata, "name");
  const std::string ns = row->namespaced ? fields::text(metadata, "namespace", "default") : "";
  json wanted = with_annotations(*manifest);
  if (row->namespaced) wanted["metadata"]["namespace"] = ns;
  const auto there = client_.get(type, ns, name);
  Answer<json> done = json();
  if (!there) {
    done = co_await client_.create(type, ns, std::move(wanted));
  } else {
    const json before = last_applied(*there);
    const json& annotations = fields::object(wanted["metadata"], "annotations");
    const bool same = fields::text(fields::object((*there)["metadata"], "annotations"),
                                   kLastApplied) == fields::text(annotations, kLastApplied);
    if (same) wanted["metadata"]["annotations"].erase(kLastApplied);
    json change = manifest_patch(same ? json() : before, wanted);
    done = co_await client_.patch(type, ns, name, std::move(change));
  }
  if (!done) co_return done.error().message;
  co_return std::string();
}

Task<void> Manifests::prune(std::set<std::string> kept) {
  const std::vector<KindRow> rows = client_.kinds().rows();
  const std::string mark = std::string("\"") + kPruneAnnotation + "\"";
  std::set<std::string> seen;
  for (const KindRow& row : rows) {
    if (!seen.insert(row.storage_prefix).second) continue;
    const ResourceType type{row.gv, row.plural};
    const auto marked = [&](const StoredObject& object) {
      return object.json->find(mark) != std::string::npos;
    };
    const std::vector<StoredObjectPtr> found = client_.list(type, "", marked);
    for (const StoredObjectPtr& object : found) {
      const json whole = parsed(*object);
      const json& annotations = fields::object(whole["metadata"], "annotations");
      const std::string file = fields::text(annotations, kManifestAnnotation);
      if (file.empty() || fields::text(annotations, kPruneAnnotation) != "true") continue;
      const std::string ns = object->ns.empty() ? "default" : object->ns;
      const std::string key =
          file + "/" + fields::text(whole, "kind") + "/" + ns + "/" + object->name;
      if (kept.contains(key)) continue;
      Removal removal;
      removal.uid = object->uid;
      const auto done = co_await client_.remove(type, object->ns, object->name, removal);
      const char* what = done ? "an object went with its manifest"
                              : "an object whose manifest has gone was not removed";
      log::info(what,
                {{"object", row.kind + " " + object->ns + "/" + object->name}, {"manifest", file}});
    }
  }
}

void Manifests::report(const std::map<std::string, std::string>& problems) {
  for (const auto& [place, problem] : problems) {
    const auto known = reported_.find(place);
    if (known != reported_.end() && known->second == problem) continue;
    log::error("a manifest was not applied; it is tried again",
               {{"manifest", folder_ + "/" + place}, {"error", problem}});
  }
  for (const auto& [place, problem] : reported_) {
    if (!problems.contains(place)) log::info("a manifest is applied now", {{"manifest", place}});
  }
  reported_ = problems;
}

}  // namespace skerry::standalone
