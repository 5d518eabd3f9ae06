#include "cloudcore/standalone/access/access_question.h"

#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

AccessQuestion question_of(const ApiRequest& request, const RequestInfo& info) {
  AccessQuestion out;
  out.verb = info.verb;
  out.is_resource = info.is_resource;
  if (!info.is_resource) {
    out.path = request.path;
    return out;
  }
  out.group = info.gv.group;
  out.version = info.gv.version;
  out.resource = info.resource;
  out.subresource = info.subresource;
  out.ns = info.ns;
  out.name = info.name;
  const bool of_many =
      info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection";
  if (!of_many) return out;
  out.field_selector = request.param("fieldSelector");
  if (out.field_selector.empty() || !out.name.empty()) return out;
  const auto selector = k8s::FieldSelector::parse(out.field_selector);
  if (selector) out.name = selector->required("metadata.name").value_or("");
  return out;
}

ApiFailure may_not(const User& user, const AccessQuestion& question, const std::string& reason) {
  ApiError out{403, "Forbidden", "", nlohmann::json::object()};
  const std::string who = "User " + in_quotes(user.name) + " cannot " + question.verb;
  if (question.is_resource) {
    const std::string& group = question.group;
    const std::string shown = question.subresource.empty()
                                  ? question.resource
                                  : question.resource + "/" + question.subresource;
    out.message = group.empty() ? question.resource : question.resource + "." + group;
    if (!question.name.empty()) out.message += " " + in_quotes(question.name);
    out.message += " is forbidden: " + who + " resource " + in_quotes(shown) + " in API group " +
                   in_quotes(group) +
                   (question.ns.empty() ? " at the cluster scope"
                                        : " in the namespace " + in_quotes(question.ns));
    out.details["kind"] = question.resource;
    if (!group.empty()) out.details["group"] = group;
    if (!question.name.empty()) out.details["name"] = question.name;
  } else {
    out.message = "forbidden: " + who + " path " + in_quotes(question.path);
  }
  if (!reason.empty()) out.message += ": " + reason;
  return ApiFailure(std::move(out));
}

}  // namespace skerry::standalone
