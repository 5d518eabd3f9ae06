// The table of facts.txt as rows and types. Its format stands at the table's head.
//
// Owner: whoever parses. Thread: any one. The text is our own: what is wrong with it stops the
// process. Internal to cloudcore/standalone/schema.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/schema/kind_table.h"

namespace skerry::standalone {

extern const std::string_view kFactsText;  // facts.txt

struct FactTable {
  std::vector<KindRow> rows;
  std::map<std::string, const TypeSchema*, std::less<>> types;  // by full name
  std::deque<TypeSchema> store;                                 // the addresses stay
};

FactTable parse_facts(std::string_view text);

}  // namespace skerry::standalone
