// get, list, watch.
#include <algorithm>
#include <charconv>
#include <deque>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/rendering.h"
#include "cloudcore/standalone/api/rest.h"
#include "cloudcore/standalone/custom_objects/custom_object.h"
#include "cloudcore/standalone/kinds/conversion.h"
#include "common/base/base64.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
using Piece = std::shared_ptr<const std::string>;

constexpr auto kBookmarkInterval = 60s;
constexpr auto kWatchTimeoutDefault = 30min;  // jittered up to twice that, as the API server does

std::string in_quotes(std::string_view text) { return json(std::string(text)).dump(); }

// ---- what is selected ---------------------------------------------------------------------------

struct Filter {
  std::shared_ptr<const KindRow> row;
  k8s::LabelSelector labels;
  std::vector<k8s::FieldSelector::Term> terms;  // of the stored version
  std::string name;                             // of the URL

  bool matches(const StoredObject& object) const {
    if (!name.empty() && object.name != name) return false;
    if (!labels.everything() && !labels.matches(object.labels)) return false;
    for (const auto& term : terms) {
      if ((value(object, term.path) == term.value) != term.equal) return false;
    }
    return true;
  }

 private:
  std::string value(const StoredObject& object, const std::string& path) const {
    if (path == "metadata.name") return object.name;
    if (path == "metadata.namespace") return object.ns;
    if (row->custom) {  // its fields are few, and seldom asked for
      const json read = json::parse(*object.json, nullptr, false);
      const json& found = at_simple_path(read, path);
      return found.is_boolean() ? found.dump() : k8s::fields::text_or_number(found);
    }
    const auto found = object.fields.find(path);
    return found == object.fields.end() ? std::string() : found->second;
  }
};

bool selectable(const KindRow& row, const std::string& path) {
  if (path == "metadata.name") return true;
  if (path == "metadata.namespace") return row.namespaced;
  if (custom_version(row) != nullptr) {
    return std::ranges::find(custom_version(row)->selectable, path) !=
           custom_version(row)->selectable.end();
  }
  const auto& known = selectable_fields(row.storage_prefix);
  return std::find(known.begin(), known.end(), path) != known.end();
}

std::string unknown_field_label(const KindRow& row, const std::string& path) {
  if (row.custom || !selectable_fields(row.storage_prefix).empty()) {
    return "field label not supported: " + path;
  }
  return '"' + path +
         "\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
}

Answer<std::shared_ptr<const Filter>> filter_of(const ResourceRequest& request) {
  auto filter = std::make_shared<Filter>();
  const auto labels = k8s::LabelSelector::parse(request.request->param("labelSelector"));
  if (!labels) return bad_request(labels.error().what);
  const auto fields = k8s::FieldSelector::parse(request.request->param("fieldSelector"));
  if (!fields) return bad_request(fields.error().what);
  for (const auto& term : fields->terms()) {
    const std::string stored = stored_field(*request.row, term.path);
    filter->terms.push_back({stored, term.value, term.equal});
    if (selectable(*request.row, stored)) continue;
    return bad_request(unknown_field_label(*request.row, term.path));
  }
  filter->labels = *labels;
  filter->name = request.info.name;
  filter->row = request.row;
  return std::shared_ptr<const Filter>(std::move(filter));
}

ObjectFilter as_function(const std::shared_ptr<const Filter>& filter) {
  return [filter](const StoredObject& object) { return filter->matches(object); };
}

// ---- list ---------------------------------------------------------------------------------------

Answer<Revision> revision_param(const ApiRequest& request) {
  const std::string_view text = request.param("resourceVersion");
  Revision out = 0;
  if (text.empty()) return out;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0) {
    return bad_request("invalid resource version \"" + std::string(text) + "\"");
  }
  return out;
}

/// Where a list goes on: {"rv":123,"start":"ns/name"}, opaque to clients.
std::string continue_token(const ObjectPage& page) {
  const json token = {{"v", "skerry.io/v1"}, {"rv", page.revision}, {"start", page.next}};
  return encode_base64(token.dump());
}

Answer<bool> read_continue(std::string_view token, ListQuery& query) {
  if (token.empty()) return false;
  const auto text = decode_base64(token);
  const json read = text ? json::parse(*text, nullptr, false) : json();
  const auto revision = k8s::fields::number(read, "rv");
  query.after = k8s::fields::text(read, "start");
  if (!revision || query.after.empty()) return bad_request("continue key is not valid");
  query.at = *revision;
  return true;
}

}  // namespace

Answer<std::vector<StoredObjectPtr>> Rest::select(const ResourceRequest& request) const {
  const auto filter = filter_of(request);
  if (!filter) return ApiFailure(filter.error());
  ListQuery query;
  query.prefix = request.row->storage_prefix;
  query.ns = request.row->namespaced ? request.info.ns : std::string();
  query.matches = as_function(*filter);
  Result<ObjectPage> page = store_.list(query);
  if (!page) return expired(page.error().what);
  return std::move(page->items);
}

RestAnswer Rest::get(const ResourceRequest& request) const {
  const ObjectPlace place{request.row->storage_prefix,
                          request.row->namespaced ? request.info.ns : std::string(),
                          request.info.name};
  const StoredObjectPtr found = store_.get(place);
  if (!found) return not_found(*request.row, request.info.name);
  const auto rendering = Rendering::of(*request.request, request.row, false, world_);
  if (!rendering) return ApiFailure(rendering.error());
  ApiResponse out;
  out.body.push_back(rendering->object(found->json, true));
  return out;
}

RestAnswer Rest::list(const ResourceRequest& request) const {
  const auto filter = filter_of(request);
  if (!filter) return ApiFailure(filter.error());
  const auto rendering = Rendering::of(*request.request, request.row, true, world_);
  if (!rendering) return ApiFailure(rendering.error());
  ListQuery query;
  query.prefix = request.row->storage_prefix;
  query.ns = request.row->namespaced ? request.info.ns : std::string();
  query.matches = as_function(*filter);
  const auto asked = revision_param(*request.request);
  if (!asked) return ApiFailure(asked.error());
  const std::string_view limit = request.request->param("limit");
  std::from_chars(limit.data(), limit.data() + limit.size(), query.limit);
  const auto continued = read_continue(request.request->param("continue"), query);
  if (!continued) return ApiFailure(continued.error());
  const bool exact = request.request->param("resourceVersionMatch") == "Exact";
  if (!*continued && exact) query.at = *asked;
  if (*asked > store_.current()) {
    return ApiFailure(ApiError{
        504,
        "Timeout",
        "Too large resource version: " + std::to_string(*asked) +
            ", current: " + std::to_string(store_.current()),
        {{"causes",
          {{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}},
         {"retryAfterSeconds", 1}}});
  }
  const Result<ObjectPage> page = store_.list(query);
  if (!page) return expired(page.error().what);

  ApiResponse out;
  std::string metadata = "{\"resourceVersion\":\"" + std::to_string(page->revision) + "\"";
  if (!page->next.empty()) {
    metadata += ",\"continue\":" + in_quotes(continue_token(*page));
    const bool selects = !(*filter)->labels.everything() || !(*filter)->terms.empty();
    if (!selects) metadata += ",\"remainingItemCount\":" + std::to_string(page->remaining);
  }
  out.add(rendering->list_head(metadata + "}"));
  static const Piece comma = std::make_shared<const std::string>(",");
  for (std::size_t i = 0; i < page->items.size(); ++i) {
    if (i > 0) out.body.push_back(comma);
    out.body.push_back(rendering->item(page->items[i]->json));
  }
  out.add("]}\n");
  return out;
}

// ---- watch --------------------------------------------------------------------------------------

namespace {

struct WatchOptions {
  std::shared_ptr<const Filter> filter;
  std::string ns = {};
  bool bookmarks = false;
  bool initial_events = false;  // sendInitialEvents: a bookmark ends them
  TimePoint end = {};
  Rendering rendering;
};

/// One watch's bytes. Owner: the connection. Thread: the API's loop.
class WatchStream final : public ResponseStream {
 public:
  WatchStream(std::unique_ptr<ObjectWatch> watch,
              std::vector<StoredObjectPtr> initial,
              std::shared_ptr<const KindRow> row,
              WatchOptions options,
              seam::World world)
      : watch_(std::move(watch)),
        initial_(std::move(initial)),
        row_(std::move(row)),
        options_(std::move(options)),
        world_(world) {}

  Task<std::vector<Piece>> next() override {
    std::vector<Piece> out;
    if (!started_) {
      started_ = true;
      for (const StoredObjectPtr& object : initial_) add(out, "ADDED", object->json);
      initial_.clear();
      if (options_.initial_events) add_bookmark(out, true);
      if (!out.empty()) co_return out;
    }
    while (!ended_ && out.empty()) {
      const TimePoint now = world_.clock.now();
      if (now >= options_.end) break;
      const TimePoint until = std::min(options_.end, now + kBookmarkInterval);
      const auto events = co_await watch_->next(until);
      if (ended_) break;
      if (!events) {
        ended_ = true;
        if (events.error().code == Code::kGone) add_error(out, events.error().what);
        break;
      }
      for (const ObjectEventPtr& event : *events) add_event(out, *event);
      if (events->empty() && options_.bookmarks) add_bookmark(out, false);
    }
    co_return out;
  }

  void cancel() override {
    ended_ = true;
    watch_->cancel();
  }

 private:
  bool wanted(const StoredObjectPtr& object) const {
    if (!object || (!options_.ns.empty() && object->ns != options_.ns)) return false;
    return options_.filter->matches(*object);
  }

  void add_event(std::vector<Piece>& out, const ObjectEvent& event) {
    const bool was = wanted(event.before);
    const bool is = wanted(event.after);
    if (is) return add(out, was ? "MODIFIED" : "ADDED", event.after->json);
    if (!was) return;
    // Deleted, or changed so that the selector does not want it any more.
    const StoredObjectPtr last =
        event.gone ? event.gone : at_revision(*event.before, event.revision);
    add(out, "DELETED", last->json);
  }

  void add(std::vector<Piece>& out, std::string_view type, const Piece& object) {
    static const Piece end = std::make_shared<const std::string>("}\n");
    out.push_back(
        std::make_shared<const std::string>("{\"type\":\"" + std::string(type) + "\",\"object\":"));
    out.push_back(options_.rendering.object(object, !columns_sent_));
    out.push_back(end);
    columns_sent_ = true;
  }

  void add_bookmark(std::vector<Piece>& out, bool ends_initial) {
    json object = {{"kind", row_->kind},
                   {"apiVersion", row_->gv.text()},
                   {"metadata", {{"resourceVersion", std::to_string(watch_->caught_up_to())}}}};
    if (ends_initial) object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    add(out, "BOOKMARK", std::make_shared<const std::string>(object.dump()));
  }

  void add_error(std::vector<Piece>& out, const std::string& what) {
    out.push_back(std::make_shared<const std::string>(
        "{\"type\":\"ERROR\",\"object\":" + expired(what).value().body() + "}\n"));
  }

  std::unique_ptr<ObjectWatch> watch_;
  std::vector<StoredObjectPtr> initial_;
  std::shared_ptr<const KindRow> row_;
  WatchOptions options_;
  seam::World world_;
  bool started_ = false;
  bool ended_ = false;
  bool columns_sent_ = false;
};

}  // namespace

RestAnswer Rest::watch(const ResourceRequest& request) {
  const auto filter = filter_of(request);
  if (!filter) return ApiFailure(filter.error());
  const auto from = revision_param(*request.request);
  if (!from) return ApiFailure(from.error());
  const auto rendering = Rendering::of(*request.request, request.row, false, world_);
  if (!rendering) return ApiFailure(rendering.error());
  WatchOptions options{.filter = *filter, .rendering = *rendering};
  options.ns = request.row->namespaced ? request.info.ns : std::string();
  options.bookmarks = request.request->flag("allowWatchBookmarks");
  options.initial_events = request.request->flag("sendInitialEvents");
  std::int64_t seconds = 0;
  const std::string_view timeout = request.request->param("timeoutSeconds");
  std::from_chars(timeout.data(), timeout.data() + timeout.size(), seconds);
  const Duration life = seconds > 0
                            ? Duration(std::chrono::seconds(seconds))
                            : kWatchTimeoutDefault + world_.random.jittered(kWatchTimeoutDefault);
  options.end = world_.clock.now() + life;

  const bool with_state = *from == 0 || options.initial_events;
  Result<std::unique_ptr<ObjectWatch>> watch =
      store_.watch(request.row->storage_prefix, with_state ? 0 : *from);
  ApiResponse out;
  if (!watch) {  // as an event, so that every client sees it: the answer itself is 200
    out.add("{\"type\":\"ERROR\",\"object\":" + expired(watch.error().what).value().body() + "}\n");
    return out;
  }
  std::vector<StoredObjectPtr> initial;
  if (with_state) {
    auto selected = select(request);
    if (!selected) return ApiFailure(selected.error());
    initial = std::move(*selected);
  }
  out.stream = std::make_shared<WatchStream>(std::move(*watch), std::move(initial), request.row,
                                             std::move(options), world_);
  return out;
}

}  // namespace skerry::standalone
