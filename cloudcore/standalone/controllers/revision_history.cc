#include "cloudcore/standalone/controllers/revision_history.h"

#include <algorithm>

#include "cloudcore/standalone/controllers/claims.h"
#include "cloudcore/standalone/controllers/deployment_sets.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::int64_t kHistoryKept = 10;

std::string name_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "name");
}

}  // namespace

json revision_data(const json& set) {
  json pod_template = fields::object(fields::object(set, "spec"), "template");
  pod_template["$patch"] = "replace";
  return {{"spec", {{"template", std::move(pod_template)}}}};
}

json revision_template(const json& revision) {
  json out = fields::object(fields::object(fields::object(revision, "data"), "spec"), "template");
  out.erase("$patch");
  return out;
}

std::int64_t revision_number(const json& revision) {
  return fields::number(revision, "revision").value_or(0);
}

json new_revision(const json& set, const std::string& hash_label, std::int64_t number) {
  const json& metadata = fields::object(set, "metadata");
  const json& pod_template = fields::object(fields::object(set, "spec"), "template");
  const json& status = fields::object(set, "status");
  const std::string hash =
      template_hash(pod_template, fields::number(status, "collisionCount").value_or(0));
  json labels = fields::object(fields::object(pod_template, "metadata"), "labels");
  labels[hash_label] = hash;
  json out = {{"apiVersion", "apps/v1"},
              {"kind", "ControllerRevision"},
              {"metadata",
               {{"name", fields::text(metadata, "name") + "-" + hash},
                {"namespace", fields::text(metadata, "namespace")},
                {"labels", std::move(labels)},
                {"ownerReferences", json::array({controller_reference(set)})}}},
              {"data", revision_data(set)},
              {"revision", number}};
  if (metadata.contains("annotations")) {
    out["metadata"]["annotations"] = metadata["annotations"];
  }
  return out;
}

std::vector<json> revisions_to_forget(const std::vector<json>& all,
                                      const std::set<std::string>& used,
                                      std::int64_t kept) {
  std::vector<json> unused;
  for (const json& each : all) {
    if (!used.contains(name_of(each))) unused.push_back(each);
  }
  const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(0, kept));
  unused.resize(unused.size() > limit ? unused.size() - limit : 0);
  return unused;
}

Task<Answer<RevisionHistory::Revisions>> RevisionHistory::sync(json set) {
  const auto selector = selector_of(set);
  Revisions out;
  if (!selector) co_return out;
  ClaimRule rule{resources::kControllerRevisions, *selector, nullptr};
  auto claimed = co_await claim(client_, set, rule);
  if (!claimed) co_return ApiFailure(claimed.error());
  out.all = std::move(*claimed);
  std::stable_sort(out.all.begin(), out.all.end(), [](const json& a, const json& b) {
    return revision_number(a) < revision_number(b);
  });
  const std::int64_t next = out.all.empty() ? 1 : revision_number(out.all.back()) + 1;
  const json data = revision_data(set);
  const auto same = std::find_if(out.all.rbegin(), out.all.rend(), [&](const json& each) {
    return fields::at(each, "data") == data;
  });
  if (same == out.all.rend()) {
    auto made = co_await make(set, next);
    if (!made) co_return ApiFailure(made.error());
    out.update = *made;
    out.all.push_back(std::move(*made));
    co_return out;
  }
  out.update = *same;
  if (same == out.all.rbegin()) co_return out;
  json change = {{"revision", next}};
  const std::string ns = fields::text(out.update["metadata"], "namespace");
  const std::string name = name_of(out.update);
  auto renumbered =
      co_await client_.patch(resources::kControllerRevisions, ns, name, std::move(change));
  if (!renumbered) co_return ApiFailure(renumbered.error());
  out.all.erase(std::next(same).base());
  out.update = *renumbered;
  out.all.push_back(std::move(*renumbered));
  co_return out;
}

Task<Answer<json>> RevisionHistory::make(json set, std::int64_t number) {
  json wanted = new_revision(set, hash_label_, number);
  const std::string ns = fields::text(wanted["metadata"], "namespace");
  const auto made = co_await client_.create(resources::kControllerRevisions, ns, wanted);
  if (made || made.error().code != 409) co_return made;
  // Another template has that name: the next look makes another hash.
  const std::int64_t before =
      fields::number(fields::object(set, "status"), "collisionCount").value_or(0);
  json change = {{"status", {{"collisionCount", before + 1}}}};
  const std::string name = name_of(set);
  const auto noted = co_await client_.patch(owners_, ns, name, std::move(change), "status");
  if (!noted) co_return ApiFailure(noted.error());
  co_return ApiFailure(made.error());
}

Task<Answer<bool>> RevisionHistory::forget(json set,
                                           std::vector<json> all,
                                           std::set<std::string> used) {
  const std::int64_t kept =
      fields::number(set["spec"], "revisionHistoryLimit").value_or(kHistoryKept);
  const std::string ns = fields::text(set["metadata"], "namespace");
  for (const json& old : revisions_to_forget(all, used, kept)) {
    Removal removal;
    removal.uid = fields::text(old["metadata"], "uid");
    const std::string name = name_of(old);
    const auto done = co_await client_.remove(resources::kControllerRevisions, ns, name, removal);
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
  }
  co_return true;
}

}  // namespace skerry::standalone
