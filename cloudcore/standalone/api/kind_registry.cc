#include "cloudcore/standalone/api/kind_registry.h"

namespace skerry::standalone {
namespace {

/// A row together with what its type points to.
struct Held {
  KindRow row;
  std::shared_ptr<const void> types;
};

template <class Map>
std::shared_ptr<const KindRow> find_in(const Map& map,
                                       const GroupVersion& gv,
                                       const std::string& name) {
  const auto found = map.find(std::pair(gv, name));
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

KindRegistry::KindRegistry() : built_in_(built_in_kinds()) { rebuild(); }

std::shared_ptr<const KindRow> KindRegistry::find(const GroupVersion& gv,
                                                  const std::string& plural) const {
  return find_in(by_plural_, gv, plural);
}

std::shared_ptr<const KindRow> KindRegistry::find_kind(const GroupVersion& gv,
                                                       const std::string& kind) const {
  return find_in(by_kind_, gv, kind);
}

void KindRegistry::set_custom(const std::string& definition,
                              std::vector<KindRow> rows,
                              std::shared_ptr<const void> types) {
  if (rows.empty()) {
    custom_.erase(definition);
  } else {
    custom_[definition] = {std::move(rows), std::move(types)};
  }
  rebuild();
}

void KindRegistry::rebuild() {
  auto rows = std::make_shared<std::vector<KindRow>>();
  by_plural_.clear();
  by_kind_.clear();
  const auto add = [&](const KindRow& row, const std::shared_ptr<const void>& types) {
    const auto held = std::make_shared<const Held>(Held{row, types});
    const std::shared_ptr<const KindRow> shared(held, &held->row);
    by_plural_[std::pair(row.gv, row.plural)] = shared;
    by_kind_[std::pair(row.gv, row.kind)] = shared;
    rows->push_back(row);
  };
  for (const KindRow& row : built_in_->rows) add(row, built_in_);
  for (const auto& [name, custom] : custom_) {
    for (const KindRow& row : custom.rows) add(row, custom.types);
  }
  rows_ = std::move(rows);
  ++generation_;
}

}  // namespace skerry::standalone
