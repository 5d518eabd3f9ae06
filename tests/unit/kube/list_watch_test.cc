#include "cloudcore/kube/list_watch.h"

#include "tests/unit/kube/fake_http.h"

using namespace skerry;
using namespace skerry::kube;

namespace {

std::string config_map(const std::string& name, std::uint64_t version) {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"ns","uid":"u-)" + name +
         R"(","resourceVersion":")" + std::to_string(version) + R"("},"data":{"k":"v"}})";
}

std::string list(std::uint64_t version, const std::string& items, const std::string& next = "") {
  return R"({"metadata":{"resourceVersion":")" + std::to_string(version) + R"(","continue":")" +
         next + R"("},"items":[)" + items + "]}";
}

std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

struct Owner : FakeWorld {
  Owner() { make({}); }

  void make(std::function<k8s::ObjectPtr(k8s::ObjectPtr)> project) {
    ListWatchHandlers handlers;
    handlers.on_list = [this](std::vector<k8s::ObjectPtr> objects, ResourceVersion version) {
      std::string text = "list@" + std::to_string(version.value());
      for (const auto& object : objects) text += " " + object->key.name;
      heard.push_back(text);
      if (stop_at == heard.size()) watch->stop();
    };
    handlers.on_event = [this](ChangeType type, k8s::ObjectPtr object) {
      const char* words[] = {"added ", "modified ", "deleted "};
      heard.push_back(words[static_cast<int>(type)] + object->key.name + "@" +
                      std::to_string(object->resource_version.value()));
      if (stop_at == heard.size()) watch->stop();
    };
    handlers.on_state = [this](std::optional<Error> error) {
      heard.push_back("state " + (error ? std::string(to_string(error->code)) : "ok"));
    };
    handlers.project = std::move(project);
    watch = std::make_unique<ListWatch>(client, io.get_executor(),
                                        Selection{k8s::Kind::kConfigMap, "", "", ""},
                                        std::move(handlers));
  }
  void bytes(const std::string& text) {
    REQUIRE(http->stream_now);
    http->stream_now->sink.on_bytes(text);
  }
  void open() {
    REQUIRE(http->stream_now);
    http->stream_now->sink.on_open();
  }

  Client client{http, world};
  std::unique_ptr<ListWatch> watch;
  std::vector<std::string> heard;
  std::size_t stop_at = 0;
};

using Heard = std::vector<std::string>;

}  // namespace

TEST_CASE("ListWatch: pages become one list, then events follow", "[kube]") {
  Owner o;
  o.watch->start();
  CHECK(o.http->answer(200, list(10, config_map("a", 3), "p2")).target ==
        "/api/v1/configmaps?limit=500");
  CHECK(o.heard.empty());
  CHECK(o.http->answer(200, list(10, config_map("b", 4))).target ==
        "/api/v1/configmaps?limit=500&continue=p2");
  o.open();
  o.bytes(event("ADDED", config_map("c", 11)) + event("MODIFIED", config_map("a", 12)));
  o.bytes(event("DELETED", config_map("b", 13)) + event("DELETED", config_map("b", 13)));
  CHECK(o.heard == Heard{"list@10 a b", "state ok", "added c@11", "modified a@12", "deleted b@13"});
  CHECK(o.watch->version() == ResourceVersion(13));
  CHECK(o.watch->synced());
  CHECK(o.watch->counters().stale_events == 1);
}

TEST_CASE("ListWatch: an object that cannot be read does not stop the others", "[kube]") {
  Owner o;
  o.watch->start();
  o.http->answer(200, list(10, config_map("a", 3) + R"(,{"metadata":{}},)" + config_map("b", 4)));
  o.open();
  o.bytes(event("ADDED", R"({"metadata":{"resourceVersion":"11"}})") +
          event("ADDED", config_map("c", 12)));
  CHECK(o.heard == Heard{"list@10 a b", "state ok", "added c@12"});
  CHECK(o.watch->counters().skipped_objects == 2);
}

TEST_CASE("ListWatch: a deletion that cannot be read leads to a new list", "[kube]") {
  Owner o;
  o.watch->start();
  o.http->answer(200, list(10, config_map("a", 3)));
  o.open();
  o.bytes(event("DELETED", R"({"metadata":{"resourceVersion":"11"}})"));
  CHECK(o.heard == Heard{"list@10 a", "state ok", "state malformed"});
  CHECK_FALSE(o.http->stream_now);
}

TEST_CASE("ListWatch: 410 in the stream lists again at once and gives the whole list", "[kube]") {
  Owner o;
  o.watch->start();
  o.http->answer(200, list(10, config_map("a", 3)));
  o.open();
  o.bytes(event("ERROR", R"({"code":410,"reason":"Expired"})") +
          event("ADDED", config_map("x", 12)));
  CHECK_FALSE(o.http->stream_now);
  o.http->answer(200, list(20, config_map("b", 15)));
  CHECK(o.heard == Heard{"list@10 a", "state ok", "list@20 b"});
  REQUIRE(o.http->stream_now);
  CHECK(o.http->stream_now->request.target.find("resourceVersion=20&") != std::string::npos);
}

TEST_CASE("ListWatch: a failed page discards the pages before", "[kube]") {
  Owner o;
  o.watch->start();
  o.http->answer(200, list(10, config_map("a", 3), "p2"));
  o.http->answer(410, R"({"reason":"Expired"})");
  CHECK(o.heard.empty());
  o.http->answer(200, list(12, config_map("b", 11)));
  CHECK(o.heard == Heard{"list@12 b"});
}

TEST_CASE("ListWatch: stopped inside a handler it is silent", "[kube]") {
  for (const std::size_t at : {1u, 3u}) {
    Owner o;
    o.stop_at = at;
    o.watch->start();
    o.http->answer(200, list(10, config_map("a", 3)));
    if (at == 3) {
      o.open();
      o.bytes(event("ADDED", config_map("b", 11)) + event("ADDED", config_map("c", 12)));
    }
    CHECK(o.heard.size() == at);
    CHECK_FALSE(o.http->stream_now);
  }
}

TEST_CASE("ListWatch: an answer that comes after the stop is not heard", "[kube]") {
  Owner o;
  o.watch->start();
  o.watch.reset();
  o.http->answer(200, list(10, config_map("a", 3)));
  CHECK(o.heard.empty());
}

TEST_CASE("ListWatch: the owner keeps what its projection leaves", "[kube]") {
  Owner o;
  o.make([](k8s::ObjectPtr object) {
    return k8s::received_object(object->key, object->uid, object->version, object->resource_version,
                                "");
  });
  o.watch->start();
  o.http->answer(200, list(10, config_map("a", 3)));
  CHECK(o.heard == Heard{"list@10 a"});
}
