// The form in which one request's objects go to the client: as they are, as rows of a Table, or as
// their metadata. Objects as they are stay the bytes that the store shares.
//
// Owner: the request or its watch. Thread: the API's loop.
#pragma once

#include <memory>
#include <string>

#include "cloudcore/standalone/api/api_error.h"
#include "cloudcore/standalone/api/request.h"
#include "cloudcore/standalone/printing/representation.h"
#include "cloudcore/standalone/schema/kind_table.h"
#include "common/seam/world.h"

namespace skerry::standalone {

/// A stored object's bytes in the row's version (kinds/conversion.h): the same bytes for most rows.
std::shared_ptr<const std::string> in_version_of(const KindRow& row,
                                                 std::shared_ptr<const std::string> json);

class Rendering {
 public:
  using Piece = std::shared_ptr<const std::string>;

  /// Errors: 400 for a wrong includeObject, 406 for metadata of a list as of one object or vice
  /// versa.
  static Answer<Rendering> of(const ApiRequest& request,
                              std::shared_ptr<const KindRow> row,
                              bool list,
                              seam::World world);

  /// An object alone: what get answers and what an event carries. Of the Tables of one watch only
  /// the first has columns.
  Piece object(const Piece& json, bool with_columns) const;

  /// A list is its head, items with commas between them, and "]}". `metadata`: JSON.
  std::string list_head(const std::string& metadata) const;
  Piece item(const Piece& json) const;

 private:
  Rendering(std::shared_ptr<const KindRow> row, seam::World world)
      : row_(std::move(row)), world_(world) {}
  std::string table_head(const std::string& metadata, bool with_columns) const;

  std::shared_ptr<const KindRow> row_;
  seam::World world_;
  Representation representation_;
  IncludeObject include_ = IncludeObject::kMetadata;
};

}  // namespace skerry::standalone
