#include "cloudcore/standalone/api/rendering.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/conversion.h"
#include "cloudcore/standalone/printing/table.h"
#include "cloudcore/standalone/schema/custom_version.h"
#include "cloudcore/standalone/storage/storage.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

std::string in_quotes(const std::string& text) { return json(text).dump(); }

/// Stored in the row's version, after its schema was made: what is there can be shown as it is.
bool is_fitted(const KindRow& row, const std::string& text) {
  constexpr std::string_view kHead = "{\"metadata\":{\"resourceVersion\":\"";  // stored_object.h
  const CustomVersion* const custom = custom_version(row);
  if (custom == nullptr || custom->stored != row.gv || !text.starts_with(kHead)) return false;
  Revision revision = 0;
  std::from_chars(text.data() + kHead.size(), text.data() + text.size(), revision);
  return revision > custom->since;
}

}  // namespace

std::shared_ptr<const std::string> in_version_of(const KindRow& row,
                                                 std::shared_ptr<const std::string> text) {
  if (!is_converted(row) || is_fitted(row, *text)) return text;
  json object = json::parse(*text, nullptr, false);
  to_served_version(row, object);
  return std::make_shared<const std::string>(
      object.dump(-1, ' ', false, json::error_handler_t::replace));
}

Answer<Rendering> Rendering::of(const ApiRequest& request,
                                std::shared_ptr<const KindRow> row,
                                bool list,
                                seam::World world) {
  Rendering out(std::move(row), world);
  out.representation_ = representation(request.accept);
  const Form form = out.representation_.form;
  if (form == (list ? Form::kPartialMetadata : Form::kPartialMetadataList)) {
    const std::string what =
        list ? "PartialObjectMetadata, but the requested object is a list"
             : "PartialObjectMetadataList, but the requested object is not a list";
    return ApiFailure(
        ApiError{406, "NotAcceptable",
                 "you requested " + what + " (" + out.row_->kind + (list ? "List)" : ")")});
  }
  const std::string include(request.param("includeObject"));
  const auto known = include_object(include);
  if (form == Form::kTable && !known) {
    return bad_request("Unable to convert to Table as requested: includeObject: Invalid value: " +
                       in_quotes(include) + ": must be 'Metadata', 'Object', 'None', or empty");
  }
  out.include_ = known.value_or(IncludeObject::kMetadata);
  return out;
}

std::string Rendering::table_head(const std::string& metadata, bool with_columns) const {
  return "{\"kind\":\"Table\",\"apiVersion\":" + in_quotes(representation_.api_version) +
         ",\"metadata\":" + metadata +
         ",\"columnDefinitions\":" + (with_columns ? table_columns(*row_) : "null") + ",\"rows\":[";
}

Rendering::Piece Rendering::object(const Piece& text, bool with_columns) const {
  if (representation_.form != Form::kTable) return item(text);
  const json read = json::parse(*text, nullptr, false);
  const std::string revision =
      k8s::fields::text(k8s::fields::object(read, "metadata"), "resourceVersion");
  const std::string metadata = "{\"resourceVersion\":" + in_quotes(revision) + "}";
  return std::make_shared<const std::string>(table_head(metadata, with_columns) + *item(text) +
                                             "]}");
}

std::string Rendering::list_head(const std::string& metadata) const {
  if (representation_.form == Form::kTable) return table_head(metadata, true);
  const bool partial = representation_.form == Form::kPartialMetadataList;
  const std::string kind = partial ? "PartialObjectMetadataList" : row_->kind + "List";
  const std::string version = partial ? representation_.api_version : row_->gv.text();
  return "{\"kind\":" + in_quotes(kind) + ",\"apiVersion\":" + in_quotes(version) +
         ",\"metadata\":" + metadata + ",\"items\":[";
}

Rendering::Piece Rendering::item(const Piece& text) const {
  switch (representation_.form) {
    case Form::kObject:
      return in_version_of(*row_, text);
    case Form::kTable: {
      const RowOptions options{include_, representation_.api_version};
      return std::make_shared<const std::string>(
          table_row(*row_, *in_version_of(*row_, text), options, world_.clock.wall()));
    }
    case Form::kPartialMetadata:
    case Form::kPartialMetadataList:
      return std::make_shared<const std::string>(
          partial_metadata(*text, representation_.api_version));
  }
  return text;
}

}  // namespace skerry::standalone
