#include "cloudcore/standalone/controllers/owner_index.h"

namespace skerry::standalone {

void OwnerIndex::note(const std::string& prefix,
                      const StoredObject* before,
                      const StoredObject* after) {
  const auto dependent_of = [&](const StoredObject& object) {
    return Dependent{{prefix, object.ns, object.name}, object.uid};
  };
  if (before != nullptr) {
    if (after == nullptr || after->uid != before->uid) places_.erase(before->uid);
    for (const std::string& owner : before->owners) {
      const auto found = by_owner_.find(owner);
      if (found == by_owner_.end()) continue;
      found->second.erase(dependent_of(*before));
      if (found->second.empty()) by_owner_.erase(found);
    }
  }
  if (after == nullptr) return;
  places_[after->uid] = {prefix, after->ns, after->name};
  for (const std::string& owner : after->owners) by_owner_[owner].insert(dependent_of(*after));
}

std::vector<OwnerIndex::Dependent> OwnerIndex::dependents(const std::string& owner) const {
  const auto found = by_owner_.find(owner);
  if (found == by_owner_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

const ObjectPlace* OwnerIndex::find(const std::string& uid) const {
  const auto found = places_.find(uid);
  return found == places_.end() ? nullptr : &found->second;
}

}  // namespace skerry::standalone
