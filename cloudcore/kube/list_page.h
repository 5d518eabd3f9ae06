// One page of a List answer, cut into its items without building a tree of the whole page.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"

namespace skerry::kube {

struct ListPage {
  std::shared_ptr<const std::string> body;  // `items` point into it
  std::vector<std::string_view> items;
  ResourceVersion resource_version;
  std::string continue_token;  // empty: the last page
};

/// Errors: kMalformed (not a List, no numeric resourceVersion).
Result<ListPage> parse_list_page(std::string body);

}  // namespace skerry::kube
