#include "cloudcore/standalone/controllers/event_recorder.h"

#include "common/base/log.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::size_t kMessageBytesMax = 1024;  // validation of Event

json reference(const json& object) {
  const json& metadata = fields::object(object, "metadata");
  json out = {{"apiVersion", fields::text(object, "apiVersion")},
              {"kind", fields::text(object, "kind")}};
  for (const char* field : {"namespace", "name", "uid", "resourceVersion"}) {
    if (metadata.contains(field)) out[field] = metadata[field];
  }
  return out;
}

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

Task<void> EventRecorder::normal(json object, std::string reason, std::string message) {
  Event event{"Normal", std::move(reason), std::move(message)};
  co_await tell(std::move(object), std::move(event));
}

Task<void> EventRecorder::warning(json object, std::string reason, std::string message) {
  Event event{"Warning", std::move(reason), std::move(message)};
  co_await tell(std::move(object), std::move(event));
}

Task<void> EventRecorder::tell(json object, Event event) {
  const json about = reference(object);
  const std::string ns = fields::text(about, "namespace", "default");
  const std::string name = fields::text(about, "name");
  Happening happening;
  happening.subject =
      fields::text(about, "kind") + "/" + ns + "/" + name + "/" + fields::text(about, "uid");
  happening.type = event.type;
  happening.reason = event.reason;
  happening.message = event.message.substr(0, kMessageBytesMax);
  const WallTime wall = world_.clock.wall();
  const auto verdict = correlator_.judge(happening, wall);
  if (!verdict) co_return;
  const std::string now = k8s::format_time(wall);
  if (!verdict->name.empty()) {
    json change = {
        {"count", verdict->count}, {"lastTimestamp", now}, {"message", verdict->message}};
    const auto done =
        co_await client_.patch(resources::kEvents, ns, verdict->name, std::move(change));
    if (done) {
      correlator_.noted(verdict->key, verdict->name, verdict->count);
      co_return;
    }
    correlator_.forget(verdict->key);  // it was too old and has gone
  }
  const std::string own_name = name + "." + hex(world_.random.next());
  json made = {{"apiVersion", "v1"},
               {"kind", "Event"},
               {"metadata", {{"name", own_name}, {"namespace", ns}}},
               {"involvedObject", about},
               {"type", event.type},
               {"reason", event.reason},
               {"message", verdict->message},
               {"count", 1},
               {"eventTime", nullptr},
               {"firstTimestamp", now},
               {"lastTimestamp", now},
               {"source", {{"component", component_}}},
               {"reportingComponent", component_},
               {"reportingInstance", ""}};
  const auto written = co_await client_.create(resources::kEvents, ns, std::move(made));
  if (written) {
    correlator_.noted(verdict->key, own_name, 1);
    co_return;
  }
  ++dropped_;
  // A namespace that ends takes no Events.
  if (written.error().code == 403 || written.error().code == 404) co_return;
  log::warning("an Event was not written", {{"component", component_},
                                            {"reason", event.reason},
                                            {"error", written.error().message},
                                            {"dropped", dropped_}});
}

}  // namespace skerry::standalone
