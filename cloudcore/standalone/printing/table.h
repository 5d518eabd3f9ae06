// Objects as rows of a Table, with the columns that kubectl's users know: how each built-in kind is
// shown. A kind without a row in the table of printers shows its name and when it was created.
//
// Owner: whoever asks; pure, any thread. Errors: none; what an object lacks shows as empty,
// "<none>",
// "<unset>" or "<unknown>", as Kubernetes does. Source: the tables of kube-apiserver 1.34; columns
// of built-in kinds have no descriptions, as OpenAPI's types have none; those of custom kinds are
// the definition's additionalPrinterColumns.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cloudcore/standalone/printing/representation.h"
#include "cloudcore/standalone/schema/kind_table.h"
#include "common/base/units.h"

namespace skerry::standalone {

/// columnDefinitions, as JSON.
std::string table_columns(const KindRow& row);

/// One cell a column.
nlohmann::json table_cells(const KindRow& row, const nlohmann::json& object, WallTime now);

/// A LabelSelector as text: "app=web,tier in (a,b)"; "<none>".
std::string shown_selector(const nlohmann::json& label_selector);

struct RowOptions {
  IncludeObject include = IncludeObject::kMetadata;
  std::string api_version;  // of PartialObjectMetadata
};
/// {"cells":[..],"conditions":[..],"object":{..}}. `text` is the object's own JSON.
std::string table_row(const KindRow& row,
                      const std::string& text,
                      const RowOptions& options,
                      WallTime now);

/// The object's PartialObjectMetadata.
std::string partial_metadata(const std::string& text, const std::string& api_version);

}  // namespace skerry::standalone
