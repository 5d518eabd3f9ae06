#include "cloudcore/standalone/access/reviews.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/decode.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

struct ReviewRow {
  const char* prefix;
  const char* subresource;
  RestAnswer (Reviews::*answer)(const ResourceRequest&) const;
};
constexpr ReviewRow kRows[] = {
    {"tokenreviews.authentication.k8s.io", "", &Reviews::token_review},
    {"selfsubjectreviews.authentication.k8s.io", "", &Reviews::self_review},
    {"subjectaccessreviews.authorization.k8s.io", "", &Reviews::access_review},
    {"localsubjectaccessreviews.authorization.k8s.io", "", &Reviews::local_access_review},
    {"selfsubjectaccessreviews.authorization.k8s.io", "", &Reviews::self_access_review},
    {"selfsubjectrulesreviews.authorization.k8s.io", "", &Reviews::self_rules_review},
    {"serviceaccounts", "token", &Reviews::token_request},
};

Task<RestAnswer> at_once(RestAnswer answer) { co_return answer; }

json extra_of(const User& user) {
  json out = json::object();
  for (const auto& [key, values] : user.extra) out[key] = values;
  return out;
}

json user_info(const User& user) {
  json out = {{"username", user.name}};
  if (!user.uid.empty()) out["uid"] = user.uid;
  if (!user.groups.empty()) out["groups"] = user.groups;
  if (!user.extra.empty()) out["extra"] = extra_of(user);
  return out;
}

User subject_of(const json& spec) {
  User out{
      fields::text(spec, "user"), fields::text(spec, "uid"), fields::texts(spec, "groups"), {}};
  for (const auto& [key, values] : fields::object(spec, "extra").items()) {
    out.extra.push_back({key, values.get<std::vector<std::string>>()});
  }
  return out;
}

/// The part of a field selector that the Node authorizer looks at.
std::string selector_text(const json& attributes) {
  const json& selector = fields::object(attributes, "fieldSelector");
  std::string out = fields::text(selector, "rawSelector");
  for (const json& each : fields::list(selector, "requirements")) {
    const auto values = fields::texts(each, "values");
    if (fields::text(each, "operator") != "In" || values.size() != 1) continue;
    out += (out.empty() ? "" : ",") + fields::text(each, "key") + "=" + values.front();
  }
  return out;
}

AccessQuestion question_in(const json& spec) {
  AccessQuestion out;
  const json& other = fields::at(spec, "nonResourceAttributes");
  if (other.is_object()) {
    out.is_resource = false;
    out.verb = fields::text(other, "verb");
    out.path = fields::text(other, "path");
    return out;
  }
  const json& attributes = fields::object(spec, "resourceAttributes");
  out.verb = fields::text(attributes, "verb");
  out.group = fields::text(attributes, "group");
  out.version = fields::text(attributes, "version");
  out.resource = fields::text(attributes, "resource");
  out.subresource = fields::text(attributes, "subresource");
  out.ns = fields::text(attributes, "namespace");
  out.name = fields::text(attributes, "name");
  out.field_selector = selector_text(attributes);
  return out;
}

/// Exactly one kind of question, and, where it is asked for, about whom.
FieldErrors complaints(const json& spec, bool with_subject) {
  FieldErrors out;
  const bool resource = fields::at(spec, "resourceAttributes").is_object();
  const bool other = fields::at(spec, "nonResourceAttributes").is_object();
  if (resource && other) {
    const json& given = spec["nonResourceAttributes"];
    const json shown = {{"Path", fields::text(given, "path")},
                        {"Verb", fields::text(given, "verb")}};
    out.push_back({FieldError::Kind::kInvalid,
                   "spec.nonResourceAttributes",
                   "cannot be specified in combination with resourceAttributes",
                   shown,
                   {}});
  }
  if (!resource && !other) {
    out.push_back({FieldError::Kind::kInvalid,
                   "spec.resourceAttributes",
                   "exactly one of nonResourceAttributes or resourceAttributes must be specified",
                   nullptr,
                   {}});
  }
  const bool nobody = fields::text(spec, "user").empty() && fields::list(spec, "groups").empty();
  if (with_subject && nobody) {
    out.push_back({FieldError::Kind::kInvalid,
                   "spec.user",
                   "at least one of user or group must be specified",
                   "",
                   {}});
  }
  return out;
}

ApiFailure invalid_review(const FieldErrors& errors) {
  KindRow nameless;  // as a kube-apiserver says it: the group without the kind
  nameless.gv.group = "authorization.k8s.io";
  return invalid(nameless, "", errors);
}

json status_of(const AccessDecision& decision) {
  json out = {{"allowed", decision.allowed}};
  if (!decision.reason.empty()) out["reason"] = decision.reason;
  return out;
}

RestAnswer created(const json& object) {
  return json_response(201, object.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

Answer<json> review_body(const ResourceRequest& request, const KindRow& row) {
  auto body = decode_body(request.request->content_type, request.request->body, "application/json");
  if (!body) return body;
  if (!body->is_object()) return bad_request("the body of the request is no object");
  const std::string kind = fields::text(*body, "kind", row.kind);
  const std::string version = fields::text(*body, "apiVersion", row.gv.text());
  if (kind != row.kind || version != row.gv.text()) {
    return bad_request("the API version in the data (" + version + ") or the kind (" + kind +
                       ") does not match the expected (" + row.gv.text() + " " + row.kind + ")");
  }
  if (auto unknown = fit_to_type(*body, row); !unknown) return ApiFailure(unknown.error());
  json out = {{"kind", row.kind},
              {"apiVersion", row.gv.text()},
              {"metadata", fields::object(*body, "metadata")},
              {"spec", fields::object(*body, "spec")}};
  return out;
}

void Reviews::join(Api& api) {
  for (const ReviewRow& row : kRows) {
    api.add_handler(row.prefix, row.subresource, [this, row](ResourceRequestPtr request) {
      if (request->info.verb != "create") return at_once(method_not_allowed());
      return at_once((this->*row.answer)(*request));
    });
  }
}

RestAnswer Reviews::token_review(const ResourceRequest& request) const {
  auto review = review_body(request, *request.row);
  if (!review) return ApiFailure(review.error());
  const json& spec = (*review)["spec"];
  const std::string token = fields::text(spec, "token");
  if (token.empty()) return bad_request("token is required for TokenReview in authentication");
  const auto proven = tokens_.check(token, fields::texts(spec, "audiences"));
  json status;
  if (proven) {
    status = {{"authenticated", true},
              {"user", user_info(proven->user)},
              {"audiences", proven->audiences}};
  } else {
    const std::string invalid = "invalid bearer token";
    const std::string& why = proven.error();
    status = {{"user", json::object()},
              {"error", why == invalid ? why : "[" + invalid + ", " + why + "]"}};
  }
  (*review)["status"] = std::move(status);
  return created(*review);
}

RestAnswer Reviews::self_review(const ResourceRequest& request) const {
  auto review = review_body(request, *request.row);
  if (!review) return ApiFailure(review.error());
  review->erase("spec");
  (*review)["metadata"]["creationTimestamp"] = k8s::format_time(world_.clock.wall());
  (*review)["status"] = {{"userInfo", user_info(request.request->user)}};
  return created(*review);
}

RestAnswer Reviews::access_review(const ResourceRequest& request) const {
  auto review = review_body(request, *request.row);
  if (!review) return ApiFailure(review.error());
  const json& spec = (*review)["spec"];
  const FieldErrors errors = complaints(spec, true);
  if (!errors.empty()) return invalid_review(errors);
  const AccessDecision decision = authorizer_.decide(subject_of(spec), question_in(spec));
  (*review)["status"] = status_of(decision);
  return created(*review);
}

RestAnswer Reviews::local_access_review(const ResourceRequest& request) const {
  auto review = review_body(request, *request.row);
  if (!review) return ApiFailure(review.error());
  const json& spec = (*review)["spec"];
  FieldErrors errors = complaints(spec, true);
  const std::string ns = fields::text(fields::object(spec, "resourceAttributes"), "namespace");
  if (ns != request.info.ns) {
    errors.push_back({FieldError::Kind::kInvalid,
                      "spec.resourceAttributes.namespace",
                      "must match metadata.namespace",
                      ns,
                      {}});
  }
  if (!errors.empty()) return invalid_review(errors);
  (*review)["metadata"]["namespace"] = request.info.ns;
  (*review)["status"] = status_of(authorizer_.decide(subject_of(spec), question_in(spec)));
  return created(*review);
}

RestAnswer Reviews::self_access_review(const ResourceRequest& request) const {
  auto review = review_body(request, *request.row);
  if (!review) return ApiFailure(review.error());
  const json& spec = (*review)["spec"];
  const FieldErrors errors = complaints(spec, false);
  if (!errors.empty()) return invalid_review(errors);
  (*review)["status"] = status_of(authorizer_.decide(request.request->user, question_in(spec)));
  return created(*review);
}

RestAnswer Reviews::self_rules_review(const ResourceRequest& request) const {
  auto review = review_body(request, *request.row);
  if (!review) return ApiFailure(review.error());
  const std::string ns = fields::text((*review)["spec"], "namespace");
  if (ns.empty()) return bad_request("no namespace on request");
  std::vector<std::string> missing;
  json resources = json::array();
  json others = json::array();
  for (const PolicyRule& rule : authorizer_.rbac().rules_for(request.request->user, ns, &missing)) {
    PolicyRule part = rule;
    part.urls.clear();
    if (!rule.resources.empty()) resources.push_back(to_json(part));
    if (!rule.urls.empty()) {
      others.push_back({{"verbs", rule.verbs}, {"nonResourceURLs", rule.urls}});
    }
  }
  const bool is_node = node_of(request.request->user).has_value();
  json status = {{"resourceRules", std::move(resources)},
                 {"nonResourceRules", std::move(others)},
                 {"incomplete", is_node || !missing.empty()}};
  if (is_node) missing.emplace_back("node authorizer does not support user rule resolution");
  std::string why;
  for (const std::string& each : missing) why += (why.empty() ? "" : ", ") + each;
  if (!why.empty()) status["evaluationError"] = missing.size() > 1 ? "[" + why + "]" : why;
  (*review)["spec"] = json::object();
  (*review)["status"] = std::move(status);
  return created(*review);
}

}  // namespace skerry::standalone
