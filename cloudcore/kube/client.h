// The Kubernetes API as typed calls: what controllers see of this module, with ListWatch.
//
// A read goes: ListWatch -> Client::list_page / watch -> HttpClient -> ObjectCache (the owner's).
// A write goes: controller -> Client::patch ... -> request gate -> HttpClient.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/kube/http_client.h"
#include "cloudcore/kube/list_page.h"
#include "cloudcore/kube/watch_event.h"
#include "common/async/task.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/k8s/object.h"
#include "common/seam/world.h"

namespace skerry::kube {

/// Who the field manager of our writes is.
inline constexpr std::string_view kFieldManager = "skerry-cloudcore";

/// What a list or a watch asks for.
struct Selection {
  k8s::Kind kind = k8s::Kind::kPod;
  std::string ns;              // empty: all namespaces
  std::string field_selector;  // "spec.nodeName!=", "metadata.name=x"
  std::string label_selector;
  std::string text() const;  // for logs
};

enum class PatchType : std::uint8_t { kStrategicMerge, kMerge, kJson, kApply };

struct Patch {
  k8s::ObjectKey key;
  PatchType type = PatchType::kMerge;
  std::string body;          // JSON; for kApply the whole applied configuration
  std::string subresource;   // "status", "scale"; empty: the object itself
  bool urgent = false;       // leases
  bool force_apply = false;  // kApply only: take over fields of other managers
};

struct Deletion {
  k8s::ObjectKey key;
  Uid uid;                                    // precondition; empty: whichever object has the name
  std::optional<std::int64_t> grace_seconds;  // nothing: the object's own
};

/// TokenRequest of authentication.k8s.io/v1.
struct TokenRequest {
  std::string ns;
  std::string service_account;
  std::vector<std::string> audiences;  // empty: the API server's own
  std::int64_t expiration_seconds = 3600;
  // The object the token is bound to; an empty name: unbound.
  std::string bound_kind = "Pod";
  std::string bound_name;
  Uid bound_uid;
};

struct Token {
  std::string token;  // a secret; opaque
  WallTime expires;   // as the API reports it; the exp claim may be later (design.md 4.10)
};

/// Receives one watch. on_end exactly once and last, unless the stream is destroyed before.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  virtual void on_watch_open() = 0;
  virtual void on_watch_event(const WatchEvent& event) = 0;
  /// A line that is no event or exceeds the limit: kMalformed, kTooLarge. Nothing follows.
  /// The server's clean end: no error.
  virtual void on_watch_end(std::optional<Error> error) = 0;
};

/// Owner: App. Thread: the HttpClient's executor. Every call ends by `timeout` after its start.
/// Errors: the table in api_error.cc; the API's own message is in Error::what.
/// All calls answer the JSON that the API sent (the whole object after the write).
/// Give the structs as named variables: g++ 12 copies a braced temporary inside a co_await
/// expression bit by bit, and frees its strings twice.
class Client {
 public:
  Client(std::shared_ptr<HttpClient> http, seam::World world);

  async::Task<Result<std::string>> get(k8s::ObjectKey key);
  /// `json` needs apiVersion, kind and metadata.name (or generateName).
  async::Task<Result<std::string>> create(k8s::Kind kind, std::string ns, std::string json);
  /// PUT: fails with kConflict when metadata.resourceVersion is given and old.
  async::Task<Result<std::string>> replace(k8s::ObjectKey key, std::string json);
  async::Task<Result<std::string>> patch(Patch patch);
  async::Task<Result<std::string>> remove(Deletion deletion);
  async::Task<Result<Token>> request_token(TokenRequest request);

  /// One page, resourceVersion unset: a consistent read. `continue_token` empty: the first.
  void list_page(Selection selection,
                 std::string continue_token,
                 int limit,
                 std::function<void(Result<ListPage>)> done);
  /// The resourceVersion a consistent read of this selection has now: one object is fetched.
  async::Task<Result<ResourceVersion>> current_version(Selection selection);
  /// Events after `from`. The sink must outlive the stream; destroying the stream cancels it.
  std::unique_ptr<HttpStream> watch(Selection selection,
                                    ResourceVersion from,
                                    std::chrono::seconds timeout,
                                    WatchSink& sink);
  const seam::World& world() const { return world_; }

 private:
  async::Task<Result<std::string>> call(HttpRequest request);
  HttpRequest request(Method method, std::string target);

  std::shared_ptr<HttpClient> http_;
  seam::World world_;
};

}  // namespace skerry::kube
