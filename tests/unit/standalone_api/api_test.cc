// The API as a client sees it, without HTTP: requests in, answers out, on a real storage.
#include "cloudcore/standalone/api/api.h"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class Scene {
 public:
  Scene() {
    std::string name = (fs::temp_directory_path() / "skerry-api-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    open();
    post("/api/v1/namespaces", R"({"metadata":{"name":"default"}})");
  }
  ~Scene() {
    test::run_task(loop_, store_->stop());
    fs::remove_all(folder_);
  }

  void restart() {
    test::run_task(loop_, store_->stop());
    api_.reset();
    store_.reset();
    open();
  }

  /// "METHOD /path?key=value", the code of the answer in `code`.
  json call(const std::string& line, const std::string& body = {}, const std::string& type = {}) {
    auto request = std::make_shared<ApiRequest>();
    const std::size_t space = line.find(' ');
    const std::size_t mark = line.find('?');
    request->method = line.substr(0, space);
    request->path = line.substr(space + 1, mark == std::string::npos ? mark : mark - space - 1);
    if (mark != std::string::npos) add_query(*request, line.substr(mark + 1));
    request->body = body;
    request->content_type = type.empty() ? "application/json" : type;
    ApiResponse answer = test::run_task(loop_, api_->handle(request));
    code = answer.status;
    stream = answer.stream;
    const std::string text = answer.text();
    return text.empty() ? json() : json::parse(text);
  }
  json post(const std::string& path, const std::string& body) { return call("POST " + path, body); }

  /// The types of the next events of `stream`, with names.
  std::string events() {
    std::string all;
    for (const auto& piece : test::run_task(loop_, stream->next())) all += *piece;
    std::string out;
    while (!all.empty()) {
      const std::size_t end = all.find('\n');
      const json event = json::parse(all.substr(0, end));
      all.erase(0, end + 1);
      out += event["type"].get<std::string>() + " " +
             event["object"]["metadata"].value("name", "") + ";";
    }
    return out;
  }

  int code = 0;
  std::shared_ptr<ResponseStream> stream;

 private:
  void open() {
    SqliteOptions options;
    options.file = folder_ + "/objects.db";
    auto storage = open_sqlite_storage(options, loop_.get_executor());
    REQUIRE(storage.has_value());
    store_ = std::make_unique<ObjectStore>(std::move(*storage), loop_.get_executor());
    REQUIRE(test::run_task(loop_, store_->load()).has_value());
    api_ = std::make_unique<Api>(*store_, world_.world(), "127.0.0.1:6443");
  }

  static void add_query(ApiRequest& request, std::string query) {
    while (!query.empty()) {
      const std::size_t end = query.find('&');
      const std::string pair = query.substr(0, end);
      query = end == std::string::npos ? "" : query.substr(end + 1);
      const std::size_t sign = pair.find('=');
      request.query.emplace_back(pair.substr(0, sign), pair.substr(sign + 1));
    }
  }

  boost::asio::io_context loop_;
  test::ManualWorld world_;
  std::string folder_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Api> api_;
};

const std::string kMaps = "/api/v1/namespaces/default/configmaps";

std::string map_named(const std::string& name, const std::string& value = "1") {
  return R"({"metadata":{"name":")" + name + R"(","labels":{"n":")" + name +
         R"("}},"data":{"a":")" + value + R"("}})";
}

TEST_CASE("Api: an object is created, read, changed and deleted", "[standalone]") {
  Scene scene;
  const json made = scene.post(kMaps, map_named("x"));
  CHECK(scene.code == 201);
  CHECK(made["kind"] == "ConfigMap");
  CHECK(made["metadata"]["uid"].get<std::string>().size() == 36);
  CHECK(scene.call("GET " + kMaps + "/x") == made);

  json changed = made;
  changed["data"]["a"] = "2";
  const json after = scene.call("PUT " + kMaps + "/x", changed.dump());
  CHECK(scene.code == 200);
  CHECK(after["data"]["a"] == "2");
  CHECK(after["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]);

  scene.call("PUT " + kMaps + "/x", changed.dump());  // with the former resourceVersion
  CHECK(scene.code == 409);

  CHECK(scene.call("DELETE " + kMaps + "/x")["status"] == "Success");
  CHECK(scene.call("GET " + kMaps + "/x")["message"] == "configmaps \"x\" not found");
  CHECK(scene.code == 404);
}

TEST_CASE("Api: a write that changes nothing makes no revision", "[standalone]") {
  Scene scene;
  const json made = scene.post(kMaps, map_named("x"));
  const json same =
      scene.call("PATCH " + kMaps + "/x", R"({"data":{"a":"1"}})", "application/merge-patch+json");
  CHECK(scene.code == 200);
  CHECK(same == made);
}

TEST_CASE("Api: says no as Kubernetes does", "[standalone]") {
  struct Row {
    const char* line;
    const char* body;
    int code;
    const char* message;
  };
  const Row rows[] = {
      {"POST /api/v1/namespaces/none/configmaps", R"({"metadata":{"name":"x"}})", 404,
       "namespaces \"none\" not found"},
      {"POST /api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"there"}})", 409,
       "configmaps \"there\" already exists"},
      {"POST /api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"A"}})", 422,
       "ConfigMap \"A\" is invalid: metadata.name: Invalid value: \"A\""},
      {"POST /api/v1/namespaces/default/configmaps", R"({"metadata":{}})", 422,
       "name or generateName is required"},
      {"POST /api/v1/namespaces/default/configmaps", R"({"metadata":)", 400, "unrecognized"},
      {"POST /api/v1/namespaces/default/configmaps", R"({"kind":"Pod"})", 400,
       "unknown conversion"},
      {"POST /api/v1/namespaces/default/configmaps?fieldValidation=Strict",
       R"({"metadata":{"name":"x"},"dat":{}})", 400,
       "strict decoding error: unknown field \"dat\""},
      {"POST /api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"x"},"data":[]})", 400,
       "cannot unmarshal array"},
      {"GET /api/v1/namespaces/default/configmaps?labelSelector=a=(", "", 400, "unable to parse"},
      {"GET /api/v1/namespaces/default/configmaps?fieldSelector=data.a=1", "", 400,
       "\"data.a\" is not a known field selector"},
      {"GET /api/v1/namespaces/default/nothings", "", 404, "could not find the requested"},
      {"PUT /api/v1/namespaces/default/configmaps/there", R"({"metadata":{"name":"other"}})", 400,
       "does not match the name on the URL"},
      {"DELETE /api/v1/namespaces/default/configmaps/there",
       R"({"preconditions":{"uid":"someone"}})", 409, "Precondition failed: UID in precondition"},
      {"GET /api/v1/namespaces/default/configmaps?resourceVersion=999999", "", 504,
       "Too large resource version"},
  };
  Scene scene;
  scene.post(kMaps, map_named("there"));
  for (const Row& row : rows) {
    INFO(row.line << " " << row.body);
    const json answer = scene.call(row.line, row.body);
    CHECK(scene.code == row.code);
    CHECK(answer["kind"] == "Status");
    CHECK(answer["message"].get<std::string>().find(row.message) != std::string::npos);
  }
}

TEST_CASE("Api: a list in pages shows one state, whatever happens meanwhile", "[standalone]") {
  Scene scene;
  for (const char* name : {"a", "b", "c", "d"}) scene.post(kMaps, map_named(name));
  const json first = scene.call("GET " + kMaps + "?limit=2");
  REQUIRE(first["items"].size() == 2);
  CHECK(first["metadata"]["remainingItemCount"] == 2);
  scene.call("DELETE " + kMaps + "/c");
  scene.post(kMaps, map_named("bb"));
  scene.call("PATCH " + kMaps + "/d", R"({"data":{"a":"2"}})", "application/merge-patch+json");
  const json second = scene.call(
      "GET " + kMaps + "?limit=2&continue=" + first["metadata"]["continue"].get<std::string>());
  REQUIRE(second["items"].size() == 2);
  CHECK(second["items"][0]["metadata"]["name"] == "c");
  CHECK(second["items"][1]["data"]["a"] == "1");
  CHECK_FALSE(second["metadata"].contains("continue"));
}

TEST_CASE("Api: a watch tells what its selector sees come, change and go", "[standalone]") {
  Scene scene;
  scene.post(kMaps, map_named("a"));
  scene.call("GET " + kMaps + "?watch=true&labelSelector=n%20in%20(a,b)");
  CHECK(scene.code == 400);  // not percent-decoded here: that is the server's work
  scene.call("GET " + kMaps + "?watch=true&labelSelector=n!=z");
  auto stream = scene.stream;
  REQUIRE(stream != nullptr);
  CHECK(scene.events() == "ADDED a;");
  scene.post(kMaps, map_named("b"));
  scene.post(kMaps, map_named("z"));
  const std::string relabel = R"({"metadata":{"labels":{"n":"z"}}})";
  scene.call("PATCH " + kMaps + "/a", relabel, "application/merge-patch+json");
  scene.call("PATCH " + kMaps + "/b", R"({"data":{"a":"2"}})", "application/merge-patch+json");
  scene.call("DELETE " + kMaps + "/b");
  scene.stream = stream;
  CHECK(scene.events() == "ADDED b;DELETED a;MODIFIED b;DELETED b;");
}

TEST_CASE("Api: a finalizer holds a deleted object until it has gone", "[standalone]") {
  Scene scene;
  scene.post(kMaps, R"({"metadata":{"name":"x","finalizers":["a.io/b"]}})");
  const json marked = scene.call("DELETE " + kMaps + "/x");
  CHECK(marked["metadata"].contains("deletionTimestamp"));
  CHECK(scene.call("GET " + kMaps + "/x")["metadata"].contains("deletionTimestamp"));
  scene.call("PATCH " + kMaps + "/x", R"({"metadata":{"finalizers":null}})",
             "application/merge-patch+json");
  CHECK(scene.code == 200);
  scene.call("GET " + kMaps + "/x");
  CHECK(scene.code == 404);
}

TEST_CASE("Api: status and the rest are changed by different paths", "[standalone]") {
  Scene scene;
  const std::string nodes = "/api/v1/nodes";
  const json made = scene.post(nodes, R"({"metadata":{"name":"n"},"status":{"phase":"Running"}})");
  CHECK(made["status"]["phase"] == "Running");  // as a kubelet registers itself
  const std::string both = R"({"spec":{"unschedulable":true},"status":{"phase":"Pending"}})";
  const json by_status =
      scene.call("PATCH " + nodes + "/n/status", both, "application/merge-patch+json");
  CHECK(by_status["status"]["phase"] == "Pending");
  CHECK_FALSE(by_status["spec"].contains("unschedulable"));
  const json by_main = scene.call("PATCH " + nodes + "/n",
                                  R"({"spec":{"unschedulable":true},"status":{"phase":"x"}})",
                                  "application/merge-patch+json");
  CHECK(by_main["status"]["phase"] == "Pending");
  CHECK(by_main["spec"]["unschedulable"] == true);
}

TEST_CASE("API: a watch goes on over a restart, as if there had been none", "[standalone]") {
  Scene scene;
  const std::string maps = "/api/v1/namespaces/default/configmaps";
  const json first = scene.post(maps, R"({"metadata":{"name":"a"}})");
  const std::string seen = first["metadata"]["resourceVersion"];
  scene.call("PUT " + maps + "/a", R"({"metadata":{"name":"a"},"data":{"x":"1"}})");
  scene.post(maps, R"({"metadata":{"name":"b"}})");
  scene.call("DELETE " + maps + "/a");
  scene.restart();
  scene.call("GET " + maps + "?watch=true&resourceVersion=" + seen);
  CHECK(scene.code == 200);
  CHECK(scene.events() == "MODIFIED a;ADDED b;DELETED a;");
}

TEST_CASE("Api: appliers share an object, and one is told whose field it wants", "[standalone]") {
  Scene scene;
  const std::string apply = "application/apply-patch+yaml";
  const auto config = [](const char* value) {
    return std::string(
               R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{)") +
           value + "}}";
  };
  const std::string at = "PATCH " + kMaps + "/x?fieldManager=";
  const json made = scene.call(at + "one", config(R"("a":"1")"), apply);
  CHECK(scene.code == 201);
  CHECK(made["metadata"]["managedFields"][0]["operation"] == "Apply");
  const json again = scene.call(at + "one", config(R"("a":"1")"), apply);
  CHECK(scene.code == 200);
  CHECK(again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]);
  const json no = scene.call(at + "two", config(R"("a":"2")"), apply);
  CHECK(scene.code == 409);
  CHECK(no["message"] == "Apply failed with 1 conflict: conflict with \"one\": .data.a");
  CHECK(no["details"]["causes"][0]["field"] == ".data.a");
  const json dry = scene.call(at + "two&force=true&dryRun=All", config(R"("a":"2")"), apply);
  CHECK(dry["data"]["a"] == "2");
  CHECK(scene.call("GET " + kMaps + "/x")["data"]["a"] == "1");
  scene.call(at + "two&force=true", config(R"("a":"2")"), apply);
  const json gone = scene.call(at + "two", config(R"("b":"2")"), apply);
  CHECK(gone["data"] == json({{"b", "2"}}));
  scene.call("PATCH " + kMaps + "/x", config(R"("a":"2")"), apply);
  CHECK(scene.code == 422);
  scene.call(at + "one", config(R"("a":2)"), apply);
  CHECK(scene.code == 500);
  scene.call(at + "one", "", "application/apply-patch+cbor");
  CHECK(scene.code == 415);
}

TEST_CASE("Api: a Scale is a view of its object", "[standalone]") {
  Scene scene;
  const std::string all = "/apis/apps/v1/namespaces/default/deployments";
  scene.post(all, R"({"metadata":{"name":"x"},"spec":{"replicas":1,
    "selector":{"matchExpressions":[{"key":"a","operator":"In","values":["b","c"]}]},
    "template":{"metadata":{"labels":{"a":"b"}},
                "spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  REQUIRE(scene.code == 201);
  const std::string scale = all + "/x/scale";
  CHECK(scene.call("GET " + scale)["status"]["selector"] == "a in (b,c)");

  const std::string to_four = R"([{"op":"replace","path":"/spec/replicas","value":4}])";
  const json dry =
      scene.call("PATCH " + scale + "?dryRun=All", to_four, "application/json-patch+json");
  CHECK(dry["spec"]["replicas"] == 4);
  CHECK(scene.call("GET " + all + "/x")["spec"]["replicas"] == 1);
  scene.call("PATCH " + scale, to_four, "application/json-patch+json");
  const json scaled = scene.call("GET " + all + "/x");
  CHECK(scaled["spec"]["replicas"] == 4);
  CHECK(scaled["metadata"]["generation"] == 2);

  const json bad =
      scene.call("PUT " + scale, R"({"metadata":{"name":"x"},"spec":{"replicas":-1}})");
  CHECK(scene.code == 422);
  CHECK(bad["message"] ==
        "Scale.autoscaling \"x\" is invalid: spec.replicas: Invalid value: -1: must be greater "
        "than or equal to 0");
  scene.call("PUT " + scale, R"({"metadata":{"name":"y"},"spec":{"replicas":1}})");
  CHECK(scene.code == 400);
  scene.call("PUT " + scale, R"({"metadata":{"name":"x","uid":"other"},"spec":{"replicas":1}})");
  CHECK(scene.code == 409);
}

TEST_CASE("Api: one object is served in both versions of its kind", "[standalone]") {
  Scene scene;
  const std::string v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
  const std::string v2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
  scene.post(v1, R"({"metadata":{"name":"x"},"spec":{"maxReplicas":3,
    "targetCPUUtilizationPercentage":50,
    "scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"}}})");
  REQUIRE(scene.code == 201);
  const json newer = scene.call("GET " + v2 + "/x");
  CHECK(newer["apiVersion"] == "autoscaling/v2");
  CHECK(newer["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 50);
  const std::string change = R"({"spec":{"targetCPUUtilizationPercentage":60}})";
  const json older = scene.call("PATCH " + v1 + "/x", change, "application/merge-patch+json");
  CHECK(older["spec"]["targetCPUUtilizationPercentage"] == 60);
  CHECK(older["apiVersion"] == "autoscaling/v1");
  CHECK(scene.call("GET " + v1)["items"][0]["apiVersion"] == "autoscaling/v1");
  CHECK(scene.call("DELETE " + v1 + "/x")["status"] == "Success");
}

}  // namespace
}  // namespace skerry::standalone
