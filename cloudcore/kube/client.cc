#include "cloudcore/kube/client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cloudcore/kube/api_error.h"
#include "cloudcore/kube/line_splitter.h"
#include "common/k8s/time.h"

namespace skerry::kube {
namespace {

constexpr auto kListTimeout = std::chrono::seconds(60);
constexpr auto kWatchExtra = std::chrono::seconds(45);  // ListWatch gives up before
constexpr std::size_t kWatchLineBytesMax = kObjectBytesMax + 64 * kKiB;

std::string escape(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric || std::string_view("-._~").find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      ((escaped += '%') += kHex[byte >> 4]) += kHex[byte & 15];
    }
  }
  return escaped;
}

/// Names come from reports of nodes too: none of them may change the path.
std::string path_of(const k8s::ObjectKey& key) {
  return k8s::api_path(key.kind, escape(key.ns), escape(key.name));
}

class Query {
 public:
  explicit Query(std::string path) : target_(std::move(path)) {}
  Query& add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    target_ += first_ ? '?' : '&';
    first_ = false;
    ((target_ += name) += '=') += escape(value);
    return *this;
  }
  std::string take() { return std::move(target_); }

 private:
  std::string target_;
  bool first_ = true;
};

Query select(const Selection& selection) {
  Query query(k8s::api_path(selection.kind, escape(selection.ns), ""));
  query.add("fieldSelector", selection.field_selector);
  query.add("labelSelector", selection.label_selector);
  return query;
}

std::string_view media_type(PatchType type) {
  switch (type) {
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kJson:
      return "application/json-patch+json";
    case PatchType::kApply:
      return "application/apply-patch+yaml";
  }
  return "application/merge-patch+json";
}

std::string token_body(const TokenRequest& request) {
  nlohmann::json body = {{"apiVersion", "authentication.k8s.io/v1"},
                         {"kind", "TokenRequest"},
                         {"spec", {{"expirationSeconds", request.expiration_seconds}}}};
  if (!request.audiences.empty()) body["spec"]["audiences"] = request.audiences;
  if (!request.bound_name.empty()) {
    body["spec"]["boundObjectRef"] = {{"apiVersion", "v1"},
                                      {"kind", request.bound_kind},
                                      {"name", request.bound_name},
                                      {"uid", request.bound_uid.str()}};
  }
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Token> parse_token(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto status = json.is_object() ? json.find("status") : json.end();
  if (status == json.end() || !status->is_object()) {
    return fail(Code::kMalformed, "TokenRequest: the answer has no status");
  }
  const auto token = status->find("token");
  const auto expires = status->find("expirationTimestamp");
  if (token == status->end() || !token->is_string() || expires == status->end() ||
      !expires->is_string()) {
    return fail(Code::kMalformed, "TokenRequest: the answer has no token");
  }
  const auto time = k8s::parse_time(expires->get<std::string>());
  if (!time) return fail(Code::kMalformed, "TokenRequest: expirationTimestamp is no time");
  return Token{token->get<std::string>(), *time};
}

Result<std::string> accepted(Result<HttpResponse> response) {
  if (!response) return fail(response.error());
  if (std::optional<Error> error = refusal(*response)) return fail(std::move(*error));
  return std::move(response->body);
}

/// Lines of one watch stream into events. The sink may destroy the stream inside a call.
class WatchReader : public StreamSink, public std::enable_shared_from_this<WatchReader> {
 public:
  explicit WatchReader(WatchSink& sink) : sink_(&sink), lines_(kWatchLineBytesMax) {}

  void run(std::unique_ptr<HttpStream> stream) { stream_ = std::move(stream); }
  void abandon() {
    sink_ = nullptr;
    stream_.reset();
  }

  void on_open() override {
    const auto self = shared_from_this();
    if (sink_) sink_->on_watch_open();
  }

  void on_bytes(std::string_view bytes) override {
    const auto self = shared_from_this();
    std::optional<Error> bad;
    const Result<void> fed = lines_.feed(bytes, [this, &bad](std::string_view line) {
      const Result<WatchEvent> event = parse_watch_event(line);
      if (!event) bad = event.error();
      if (event && sink_) sink_->on_watch_event(*event);
      return event && sink_;
    });
    if (!fed) bad = fed.error();
    if (bad) end(std::move(bad));
  }

  void on_end(Result<HttpResponse> answer) override {
    const auto self = shared_from_this();
    if (!answer) return end(answer.error());
    if (std::optional<Error> error = refusal(*answer)) return end(std::move(error));
    if (!lines_.inside_line()) return end(std::nullopt);
    end(Error{Code::kUnavailable, "the watch ended inside a line", {}});
  }

 private:
  void end(std::optional<Error> error) {
    WatchSink* const sink = std::exchange(sink_, nullptr);
    stream_.reset();
    if (sink) sink->on_watch_end(std::move(error));
  }

  WatchSink* sink_;  // null: nobody listens any more
  LineSplitter lines_;
  std::unique_ptr<HttpStream> stream_;
};

class WatchHandle : public HttpStream {
 public:
  explicit WatchHandle(std::shared_ptr<WatchReader> reader) : reader_(std::move(reader)) {}
  ~WatchHandle() override { reader_->abandon(); }

 private:
  std::shared_ptr<WatchReader> reader_;
};

}  // namespace

std::string Selection::text() const {
  std::string text(k8s::info(kind).plural);
  if (!ns.empty()) text += " in " + ns;
  if (!field_selector.empty()) text += " where " + field_selector;
  if (!label_selector.empty()) text += " labelled " + label_selector;
  return text;
}

Client::Client(std::shared_ptr<HttpClient> http, seam::World world)
    : http_(std::move(http)), world_(world) {}

HttpRequest Client::request(Method method, std::string target) {
  HttpRequest request;
  request.method = method;
  request.target = std::move(target);
  request.deadline = world_.clock.now() + kCallTimeout;
  return request;
}

async::Task<Result<std::string>> Client::call(HttpRequest request) {
  using Answer = Result<HttpResponse>;
  std::function<void(std::function<void(Answer)>)> start =
      [http = http_, request = std::move(request)](std::function<void(Answer)> done) {
        http->send(request, std::move(done));
      };
  Answer answer = co_await async::from_callback<Answer>(std::move(start));
  co_return accepted(std::move(answer));
}

async::Task<Result<std::string>> Client::get(k8s::ObjectKey key) {
  return call(request(Method::kGet, path_of(key)));
}

async::Task<Result<std::string>> Client::create(k8s::Kind kind, std::string ns, std::string json) {
  Query query(k8s::api_path(kind, escape(ns), ""));
  HttpRequest post = request(Method::kPost, query.add("fieldManager", kFieldManager).take());
  post.content_type = "application/json";
  post.body = std::move(json);
  return call(std::move(post));
}

async::Task<Result<std::string>> Client::replace(k8s::ObjectKey key, std::string json) {
  Query query(path_of(key));
  HttpRequest put = request(Method::kPut, query.add("fieldManager", kFieldManager).take());
  put.content_type = "application/json";
  put.body = std::move(json);
  put.urgent = key.kind == k8s::Kind::kLease;
  return call(std::move(put));
}

async::Task<Result<std::string>> Client::patch(Patch patch) {
  std::string path = path_of(patch.key);
  if (!patch.subresource.empty()) (path += '/') += escape(patch.subresource);
  Query query(std::move(path));
  query.add("fieldManager", kFieldManager);
  if (patch.type == PatchType::kApply && patch.force_apply) query.add("force", "true");
  HttpRequest send = request(Method::kPatch, query.take());
  send.content_type = media_type(patch.type);
  send.body = std::move(patch.body);
  send.urgent = patch.urgent || patch.key.kind == k8s::Kind::kLease;
  return call(std::move(send));
}

async::Task<Result<std::string>> Client::remove(Deletion deletion) {
  nlohmann::json options = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!deletion.uid.empty()) options["preconditions"]["uid"] = deletion.uid.str();
  if (deletion.grace_seconds) options["gracePeriodSeconds"] = *deletion.grace_seconds;
  HttpRequest send = request(Method::kDelete, path_of(deletion.key));
  send.content_type = "application/json";
  send.body = options.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return call(std::move(send));
}

async::Task<Result<Token>> Client::request_token(TokenRequest request_of) {
  const k8s::ObjectKey account{k8s::Kind::kServiceAccount, request_of.ns,
                               request_of.service_account};
  HttpRequest post = request(Method::kPost, path_of(account) + "/token");
  post.content_type = "application/json";
  post.body = token_body(request_of);
  Result<std::string> answer = co_await call(std::move(post));
  if (!answer) co_return fail(answer.error());
  co_return parse_token(*answer);
}

void Client::list_page(Selection selection,
                       std::string continue_token,
                       int limit,
                       std::function<void(Result<ListPage>)> done) {
  Query query = select(selection);
  query.add("limit", std::to_string(limit)).add("continue", continue_token);
  HttpRequest get = request(Method::kGet, query.take());
  get.deadline = world_.clock.now() + kListTimeout;
  get.answer_bytes_max = kPageBytesMax;
  http_->send(std::move(get), [done = std::move(done)](Result<HttpResponse> answer) {
    Result<std::string> body = accepted(std::move(answer));
    if (!body) return done(fail(body.error()));
    done(parse_list_page(std::move(*body)));
  });
}

async::Task<Result<ResourceVersion>> Client::current_version(Selection selection) {
  HttpRequest get = request(Method::kGet, select(selection).add("limit", "1").take());
  Result<std::string> body = co_await call(std::move(get));
  if (!body) co_return fail(body.error());
  const Result<ListPage> page = parse_list_page(std::move(*body));
  if (!page) co_return fail(page.error());
  co_return page->resource_version;
}

std::unique_ptr<HttpStream> Client::watch(Selection selection,
                                          ResourceVersion from,
                                          std::chrono::seconds timeout,
                                          WatchSink& sink) {
  Query query = select(selection);
  query.add("watch", "true").add("allowWatchBookmarks", "true");
  query.add("resourceVersion", std::to_string(from.value()));
  query.add("timeoutSeconds", std::to_string(timeout.count()));
  HttpRequest get = request(Method::kGet, query.take());
  get.deadline = world_.clock.now() + timeout + kWatchExtra;
  auto reader = std::make_shared<WatchReader>(sink);
  reader->run(http_->stream(std::move(get), *reader));
  return std::make_unique<WatchHandle>(std::move(reader));
}

}  // namespace skerry::kube
