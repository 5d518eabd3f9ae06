// What a row of the store looks like and the checksum that every row carries: a flipped bit that
// SQLite does not notice must not start a container. Internal to metamanager.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "common/sqlite/database.h"
#include "edgecore/metamanager/store.h"

namespace skerry::metamanager {

using sqlite::Query;

/// First 64 bits of a SHA-256 over the fields, each with its length.
std::int64_t row_sum(std::initializer_list<std::string_view> fields);

/// The word of a kind in a row.
inline std::string_view wire(const ObjectKey& key) { return k8s::info(key.kind).wire; }

/// Tables `objects` and `terminating`.
struct ObjectRow {
  std::string kind;  // word of resource_kinds.cc
  std::string ns;
  std::string name;
  std::string uid;
  std::string version;  // 16 bytes
  std::int64_t resource_version = 0;
  std::string json;
  std::string refused_code;
  std::string refused_reason;
  std::int64_t finalised = 0;
  std::int64_t sum = 0;

  /// Reads the columns of kObjectColumns.
  static ObjectRow read(const Query& query);
  static ObjectRow from(const StoredObject& stored);
  std::int64_t right_sum() const;
  bool intact() const { return sum == right_sum(); }
  /// Nothing for a kind that only a newer release knows.
  std::optional<StoredObject> to_object() const;
  std::optional<ObjectKey> key() const;
};
#define SKERRY_OBJECT_COLUMNS \
  "kind,ns,name,uid,version,rv,json,refused_code,refused_reason,finalised,sum"

/// Table `reports`.
struct ReportRow {
  lane::Report report;
  bool intact = false;
  bool known = false;  // its words mean something to this release
  static ReportRow read(const Query& query);
};
std::int64_t report_sum(const lane::Report& report);
#define SKERRY_REPORT_COLUMNS "seq,report_kind,kind,ns,name,uid,revision,body,sum"

/// Table `tokens`.
struct TokenRow {
  lane::TokenGrant grant;
  bool intact = false;
  static TokenRow read(const Query& query);
};
std::int64_t token_sum(const lane::TokenGrant& grant);
#define SKERRY_TOKEN_COLUMNS "pod,volume,path,token,issued_ms,expires_ms,sum"

std::int64_t to_unix_ms(WallTime time);
WallTime from_unix_ms(std::int64_t ms);

}  // namespace skerry::metamanager
