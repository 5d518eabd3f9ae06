// Who depends on whom, by uid: what the garbage collector decides by.
//
// Owner: GarbageCollector. Thread: the API's loop, inside the store's events.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cloudcore/standalone/api/object_store.h"

namespace skerry::standalone {

class OwnerIndex {
 public:
  struct Dependent {
    ObjectPlace place;
    std::string uid;
    friend bool operator<(const Dependent& a, const Dependent& b) { return a.uid < b.uid; }
  };

  void note(const std::string& prefix, const StoredObject* before, const StoredObject* after);

  std::vector<Dependent> dependents(const std::string& owner) const;
  /// nullptr: no object has that uid.
  const ObjectPlace* find(const std::string& uid) const;

 private:
  std::map<std::string, ObjectPlace> places_;
  std::map<std::string, std::set<Dependent>> by_owner_;
};

}  // namespace skerry::standalone
