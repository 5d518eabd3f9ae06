// metadata: what the API fills in, keeps and checks on every object. Pure but for names and uids.
// Source: k8s.io/apiserver/pkg/registry/rest (FillObjectMetaSystemFields, BeforeCreate,
// BeforeUpdate), apimachinery validation of names, labels and annotations.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cloudcore/standalone/api/api_error.h"
#include "common/seam/world.h"

namespace skerry::standalone {

/// A random (version 4) uid.
std::string make_uid(seam::Random& random);
/// generateName's base, cut to fit, with five random letters that spell nothing.
std::string generated_name(const std::string& base, seam::Random& random);

/// uid, creationTimestamp, name from generateName; drops what only the API may set.
void fill_metadata(nlohmann::json& object, seam::World world);
/// Keeps what an update cannot change: uid, creationTimestamp, deletionTimestamp, generation.
void keep_metadata(nlohmann::json& object, const nlohmann::json& old);

FieldErrors validate_metadata(const nlohmann::json& object, const KindRow& row);

bool is_dns_label(std::string_view text);
bool is_dns_subdomain(std::string_view text);
/// "[prefix/]name" of a label or annotation.
bool is_qualified_name(std::string_view text);
bool is_label_value(std::string_view text);

}  // namespace skerry::standalone
