// ControllerRevisions: the templates that a StatefulSet or DaemonSet has had, which its Pods name
// and `kubectl rollout undo` brings back. The first half is pure.
//
// Owner of RevisionHistory: a controller. Thread: the API's loop. Errors: of the writes.
// Source: pkg/controller/history, pkg/controller/daemon/update.go, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/standalone/controllers/api_client.h"

namespace skerry::standalone {

/// What a revision keeps of a set: its template, as a patch that replaces.
nlohmann::json revision_data(const nlohmann::json& set);
/// The template that a revision keeps.
nlohmann::json revision_template(const nlohmann::json& revision);
std::int64_t revision_number(const nlohmann::json& revision);
/// `hash_label`: the label that says the hash in the revision's name.
nlohmann::json new_revision(const nlohmann::json& set,
                            const std::string& hash_label,
                            std::int64_t number);
/// Those beyond spec.revisionHistoryLimit that are not `used` (by name), oldest first. `all`:
/// oldest first.
std::vector<nlohmann::json> revisions_to_forget(const std::vector<nlohmann::json>& all,
                                                const std::set<std::string>& used,
                                                std::int64_t kept);

class RevisionHistory {
 public:
  RevisionHistory(ApiClient& client, ResourceType owners, std::string hash_label)
      : client_(client), owners_(std::move(owners)), hash_label_(std::move(hash_label)) {}

  struct Revisions {
    std::vector<nlohmann::json> all;  // oldest first
    nlohmann::json update;            // of the set's template, the newest
  };
  /// Makes the revision of the set's template, or numbers it newest when it came back.
  async::Task<Answer<Revisions>> sync(nlohmann::json set);
  async::Task<Answer<bool>> forget(nlohmann::json set,
                                   std::vector<nlohmann::json> all,
                                   std::set<std::string> used);

 private:
  async::Task<Answer<nlohmann::json>> make(nlohmann::json set, std::int64_t number);

  ApiClient& client_;
  ResourceType owners_;
  std::string hash_label_;
};

}  // namespace skerry::standalone
