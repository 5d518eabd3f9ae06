// Defaults of a kind as a table: a row is a path and the value that stands there when a client
// names none. Kinds that need more than rows have a function beside their table. Pure.
//
// Owner: a static of the kind's file; immutable. Thread: any. Errors: none; a row that is no JSON
// is our own mistake and stops the process. Source: k8s.io/kubernetes/pkg/apis/*/v1/defaults.go.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::standalone {

struct DefaultRow {
  enum class When {
    kZero,    // absent, "", or 0: the field has no way to say "none" (most of them)
    kAbsent,  // only absent: 0 and "" mean something (the fields that are pointers upstream)
  };
  /// "containers[].ports[].protocol": `[]` is each item of a list, or each value of a map. What the
  /// path goes through must be there; a row before may have put it there ("spec", "{}").
  std::string_view path;
  std::string_view value;  // JSON
  When when = When::kZero;
};

class DefaultTable {
 public:
  DefaultTable(std::initializer_list<DefaultRow> rows);
  /// Rows in their order.
  void apply(nlohmann::json& object) const;

 private:
  struct Step {
    std::string key;
    bool each = false;
  };
  struct Row {
    std::vector<Step> steps;
    nlohmann::json value;
    DefaultRow::When when;
  };
  static void apply(const Row& row, std::size_t step, nlohmann::json& at);

  std::vector<Row> rows_;
};

}  // namespace skerry::standalone
