// The kinds that are served now: the built-in ones, and those of CustomResourceDefinitions.
//
// Owner: Api. Thread: its loop. A row that was handed out stays valid after its kind has gone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloudcore/standalone/schema/kind_table.h"

namespace skerry::standalone {

class KindRegistry {
 public:
  KindRegistry();

  std::shared_ptr<const KindRow> find(const GroupVersion& gv, const std::string& plural) const;
  /// Of any version; by kind's name, for owner references and scale targets.
  std::shared_ptr<const KindRow> find_kind(const GroupVersion& gv, const std::string& kind) const;
  /// All rows, in discovery's order.
  const std::vector<KindRow>& rows() const { return *rows_; }
  /// Changes with every change of the rows: what documents were made from.
  std::uint64_t generation() const { return generation_; }

  /// Replaces the rows of one CustomResourceDefinition; none: they go. `types` owns their schemas.
  void set_custom(const std::string& definition,
                  std::vector<KindRow> rows,
                  std::shared_ptr<const void> types);

 private:
  struct Custom {
    std::vector<KindRow> rows;
    std::shared_ptr<const void> types;
  };
  void rebuild();

  std::shared_ptr<const BuiltInKinds> built_in_;
  std::map<std::string, Custom> custom_;
  std::shared_ptr<const std::vector<KindRow>> rows_;
  std::map<std::pair<GroupVersion, std::string>, std::shared_ptr<const KindRow>> by_plural_;
  std::map<std::pair<GroupVersion, std::string>, std::shared_ptr<const KindRow>> by_kind_;
  std::uint64_t generation_ = 0;
};

}  // namespace skerry::standalone
