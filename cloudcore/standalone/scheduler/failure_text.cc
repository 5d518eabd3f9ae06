#include "cloudcore/standalone/scheduler/failure_text.h"

#include <algorithm>
#include <map>

namespace skerry::standalone {
namespace {

constexpr const char* kPreemption = " no new claims to deallocate, preemption: ";

std::string available(std::size_t nodes, const std::map<std::string, int>& counts) {
  std::vector<std::string> parts;
  for (const auto& [why, count] : counts) parts.push_back(std::to_string(count) + " " + why);
  std::sort(parts.begin(), parts.end());
  std::string out = "0/" + std::to_string(nodes) + " nodes are available: ";
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i > 0 ? ", " : "") + parts[i];
  return out + ".";
}

}  // namespace

std::string why_nowhere(const std::vector<Misfit>& misfits) {
  if (misfits.empty()) return "no nodes available to schedule pods";
  std::map<std::string, int> counts;
  for (const Misfit& each : misfits) {
    for (const std::string& why : each.reasons) ++counts[why];
  }
  return available(misfits.size(), counts);
}

std::string why_nowhere(std::size_t nodes, const std::string& reason) {
  return "0/" + std::to_string(nodes) + " nodes are available: " + reason + ".";
}

std::string why_no_preemption(const std::vector<Misfit>& misfits) {
  if (misfits.empty()) return {};
  std::map<std::string, int> counts;
  for (const Misfit& each : misfits) {
    ++counts[each.removals_help ? "No preemption victims found for incoming pod"
                                : "Preemption is not helpful for scheduling"];
  }
  return kPreemption + available(misfits.size(), counts);
}

std::string why_not_eligible(const std::string& reason) {
  return kPreemption + ("not eligible due to " + reason + ".");
}

}  // namespace skerry::standalone
