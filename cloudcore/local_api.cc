#include "cloudcore/local_api.h"

#include "common/k8s/json_fields.h"

namespace skerry::cloudcore {
namespace {

namespace fields = k8s::fields;
using edgecontroller::NodeView;
using edgecontroller::PodReferences;
using fields::Json;

Json encode_keys(const std::vector<k8s::ObjectKey>& keys) {
  Json out = Json::array();
  for (const k8s::ObjectKey& key : keys) {
    out.push_back({{"kind", k8s::info(key.kind).wire}, {"namespace", key.ns}, {"name", key.name}});
  }
  return out;
}

std::vector<k8s::ObjectKey> decode_keys(const Json& list) {
  std::vector<k8s::ObjectKey> keys;
  for (const Json& item : list) {
    const auto kind = k8s::kind_from_wire(fields::text(item, "kind"));
    if (!kind) continue;
    keys.push_back({*kind, fields::text(item, "namespace"), fields::text(item, "name")});
  }
  return keys;
}

async::Task<metrics::HttpReply> node(const edgecontroller::EdgeController* controller,
                                     metrics::HttpRequest request) {
  const NodeName name(request.query["name"]);
  co_return metrics::HttpReply{200, encode_view(controller->view(name)), "application/json"};
}

}  // namespace

metrics::HttpRoutes local_routes(const edgecontroller::EdgeController& controller) {
  metrics::HttpRoutes routes;
  routes["/node"] = [all = &controller](metrics::HttpRequest request) {
    return node(all, std::move(request));
  };
  return routes;
}

std::string encode_view(const NodeView& view) {
  Json out = {{"ready", view.ready}, {"atEdge", view.at_edge}, {"foreign", view.foreign},
              {"desired", view.desired}};
  if (view.live) out["session"] = view.live->value();
  out["incompletePods"] = Json::array();
  for (const PodReferences& pod : view.incomplete_pods) {
    out["incompletePods"].push_back({{"pod", encode_keys({pod.pod})[0]},
                                     {"unknown", encode_keys(pod.unknown)},
                                     {"absent", encode_keys(pod.absent)}});
  }
  return out.dump() + "\n";
}

Result<NodeView> decode_view(const std::string& text) {
  const Json in = Json::parse(text, nullptr, false);
  if (!in.is_object()) return fail(Code::kMalformed, "the running cloudcore's answer is not JSON");
  NodeView view;
  view.ready = fields::flag(in, "ready");
  view.at_edge = fields::flag(in, "atEdge");
  view.foreign = fields::flag(in, "foreign");
  view.desired = static_cast<std::size_t>(fields::number(in, "desired").value_or(0));
  if (const auto epoch = fields::number(in, "session")) {
    view.live = Epoch(static_cast<std::uint64_t>(*epoch));
  }
  for (const Json& item : fields::list(in, "incompletePods")) {
    const std::vector<k8s::ObjectKey> pod = decode_keys(Json::array({fields::at(item, "pod")}));
    if (pod.empty()) continue;
    view.incomplete_pods.push_back({pod[0], decode_keys(fields::list(item, "unknown")),
                                    decode_keys(fields::list(item, "absent"))});
  }
  return view;
}

std::string socket_path(const config::CloudConfig& config) {
  return config.data_dir + "/cloudcore.sock";
}

}  // namespace skerry::cloudcore
