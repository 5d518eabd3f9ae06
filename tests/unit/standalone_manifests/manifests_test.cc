#include "cloudcore/standalone/manifests/manifests.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string shown(const std::vector<ManifestObject> &objects) {
  std::string out;
  for (const ManifestObject &each : objects) {
    const std::string name = k8s::fields::text(each.object["metadata"], "name");
    out += std::to_string(each.document) + " " +
           (each.error.empty()
                ? k8s::fields::text(each.object, "kind") + " " + name
                : each.error) +
           "\n";
  }
  return out;
}

const char *const kTwo = R"(# a comment alone is no document
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  text: |
    --- inside
--- # the next
kind: List
apiVersion: v1
items:
- {apiVersion: v1, kind: Secret, metadata: {name: b}}
- {apiVersion: v1, kind: Namespace, metadata: {name: c}}
---
)";

TEST_CASE("read_manifest: documents and lists", "[standalone]") {
  CHECK(shown(read_manifest("f.yaml", kTwo)) ==
        "1 ConfigMap a\n2 Secret b\n2 Namespace c\n");
  CHECK(read_manifest("f.yaml", "").empty());
  CHECK(read_manifest("f.yaml", "# nothing\n---\n\n").empty());
  const auto as_json = read_manifest(
      "f.json", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}})");
  CHECK(shown(as_json) == "1 Pod p\n");
}

TEST_CASE("read_manifest: a bad document does not take the others with it",
          "[standalone]") {
  const auto objects = read_manifest(
      "f.yaml", "a: [}\n---\nkind: Pod\n---\napiVersion: v1\nkind: Pod\n"
                "metadata: {}\n---\napiVersion: v1\nkind: Pod\n"
                "metadata: {name: p}\n");
  REQUIRE(objects.size() == 4);
  CHECK_FALSE(objects[0].error.empty());
  CHECK(objects[0].place() == "f.yaml, document 1");
  CHECK(objects[1].error == "has no apiVersion");
  CHECK(objects[2].error == "has no metadata.name");
  CHECK(objects[3].error == "");
}

TEST_CASE("sort_for_creation: what others stand on comes first",
          "[standalone]") {
  auto objects = read_manifest("f.yaml", kTwo);
  sort_for_creation(objects);
  CHECK(shown(objects) == "2 Namespace c\n2 Secret b\n1 ConfigMap a\n");
}

TEST_CASE("manifest_patch: takes away what the manifest no longer says",
          "[standalone]") {
  const json before = {{"data", {{"a", "1"}, {"b", "2"}}}, {"immutable", true}};
  const json now = {{"data", {{"a", "3"}}}};
  CHECK(manifest_patch(before, now) ==
        json{{"data", {{"a", "3"}, {"b", nullptr}}}, {"immutable", nullptr}});
  CHECK(manifest_patch(nullptr, now) == now);
}

TEST_CASE("is_manifest_name: not what editors leave", "[standalone]") {
  for (const char *name : {"a.yaml", "a.yml", "a.json"})
    CHECK(is_manifest_name(name));
  for (const char *name : {".a.yaml", "a.yaml~", "a.yaml.swp", "a"}) {
    CHECK_FALSE(is_manifest_name(name));
  }
}

// ---- on the API
// ---------------------------------------------------------------------------------

class Scene : public test::ControllerScene {
public:
  Scene() {
    std::string name =
        (fs::temp_directory_path() / "skerry-manifests-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    manifests_ = std::make_unique<Manifests>(
        client, world(), loop.io.get_executor(), folder_.string());
  }
  ~Scene() { fs::remove_all(folder_); }

  void write(const std::string &name, const std::string &text) {
    std::ofstream(folder_ / name) << text;
  }
  void write_map(const std::string &file, const std::string &data,
                 const char *annotations = "{}") {
    write(
        file,
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m","annotations":)" +
            std::string(annotations) + R"(},"data":)" + data + "}");
  }
  void erase(const std::string &name) { fs::remove(folder_ / name); }
  std::size_t apply() { return loop.run(manifests_->apply_all()); }
  json map() { return get(resources::kConfigMaps, "m"); }

private:
  fs::path folder_;
  std::unique_ptr<Manifests> manifests_;
};

TEST_CASE("Manifests: applied, applied again, and quiet when nothing changed",
          "[standalone]") {
  Scene scene;
  scene.write_map("m.json", R"({"a":"1","b":"2"})");
  CHECK(scene.apply() == 0);
  CHECK(scene.map()["data"]["b"] == "2");
  const std::string version = scene.map()["metadata"]["resourceVersion"];
  CHECK(scene.apply() == 0);
  CHECK(scene.map()["metadata"]["resourceVersion"] == version);

  scene.patch(resources::kConfigMaps, "m", R"({"data":{"c":"by hand"}})");
  scene.write_map("m.json", R"({"a":"3"})");
  CHECK(scene.apply() == 0);
  CHECK(scene.map()["data"] == json{{"a", "3"}, {"c", "by hand"}});
}

TEST_CASE("Manifests: what a file made stays when the file goes, unless it "
          "says otherwise",
          "[standalone]") {
  Scene scene;
  scene.write_map("m.json", R"({"a":"1"})");
  (void)scene.apply();
  scene.erase("m.json");
  (void)scene.apply();
  CHECK_FALSE(scene.map().is_null());
  scene.write_map("m.json", R"({"a":"1"})",
                  R"({"skerry.io/prune-with-manifest":"true"})");
  (void)scene.apply();
  scene.write("other.yaml", "a: [}\n");
  scene.erase("m.json");
  CHECK(scene.apply() == 1); // what cannot be read may be what said it
  CHECK_FALSE(scene.map().is_null());
  scene.erase("other.yaml");
  CHECK(scene.apply() == 0);
  CHECK(scene.map().is_null());
}

TEST_CASE("Manifests: what is refused is counted, and the rest goes on",
          "[standalone]") {
  Scene scene;
  scene.write("a.yaml",
              "apiVersion: nowhere/v1\nkind: Thing\nmetadata: {name: t}\n");
  scene.write("b.yaml",
              "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: "
              "later}\n---\n"
              "apiVersion: v1\nkind: Namespace\nmetadata: {name: later}\n");
  scene.write_map("c.json", "{}");
  CHECK(scene.apply() == 1);
  CHECK_FALSE(scene.map().is_null());
  const auto in_later =
      scene.loop.run([](ApiClient &client) -> async::Task<bool> {
        co_return client.get(resources::kConfigMaps, "later", "x").has_value();
      }(scene.client));
  CHECK(in_later);
}

} // namespace
} // namespace skerry::standalone
