#include <algorithm>
#include <iterator>

#include "edgecore/metamanager/store.h"

namespace skerry::metamanager {
namespace {

template <class T>
void add(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

bool Batch::empty() const {
  return changes.empty() && reports.empty() && reports_done.empty() && pod_states.empty() &&
         tokens.empty() && finalised.empty() && !cluster && !time_floor;
}

void Batch::append(Batch&& later) {
  add(changes, std::move(later.changes));
  add(reports, std::move(later.reports));
  add(reports_done, std::move(later.reports_done));
  add(pod_states, std::move(later.pod_states));
  add(tokens, std::move(later.tokens));
  add(finalised, std::move(later.finalised));
  if (later.cluster) cluster = std::move(later.cluster);
  if (later.time_floor)
    time_floor = std::max(time_floor.value_or(*later.time_floor), *later.time_floor);
}

}  // namespace skerry::metamanager
