#include "edgecore/edged/env.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

ObjectDataPtr data(StringMap map) {
  auto object = std::make_shared<ObjectData>();
  object->data = std::move(map);
  return object;
}

ObjectDataPtr lookup(k8s::Kind kind, const std::string& name) {
  if (kind == k8s::Kind::kConfigMap && name == "cm") return data({{"a", "1"}, {"b.c", "2"}});
  if (kind == k8s::Kind::kSecret && name == "sec") return data({{"pass", "s3"}});
  return nullptr;
}

struct Fixture {
  PodSpec pod = sample_pod({sample_container("app", {"250m", "1500m", "64Mi", ""})});
  ContainerSpec& app = pod.containers[0];
  PodFacts facts{
      {"192.0.2.1", "2001:db8::1"}, {"10.0.0.7", "fd00::7"}, 4000, 1 << 30, 5000, "", ""};
  ObjectLookup objects = lookup;

  Result<EnvList> expand() { return expand_env({pod, app, facts, objects}); }
  EnvVar var(const std::string& name, const std::string& value) { return {name, value, {}}; }
};

}  // namespace

TEST_CASE("Env: references expand as in Kubernetes' own table", "[edged]") {
  const std::map<std::string, std::string> vars = {
      {"VAR_A", "A"}, {"VAR_B", "B"}, {"VAR_REF", "$(VAR_A)"}, {"VAR_EMPTY", ""}};
  // third_party/forked/golang/expansion/expand_test.go
  const std::pair<const char*, const char*> rows[] = {
      {"$(VAR_A)", "A"},
      {"___$(VAR_B)___", "___B___"},
      {"$(VAR_A)$(VAR_B)", "AB"},
      {"$(VAR_REF)", "$(VAR_A)"},
      {"$$(VAR_A)", "$(VAR_A)"},
      {"$$$(VAR_A)", "$A"},
      {"$$$$(VAR_A)", "$$(VAR_A)"},
      {"$(VAR_DNE)", "$(VAR_DNE)"},
      {"$VAR_A", "$VAR_A"},
      {"$(VAR_A", "$(VAR_A"},
      {"foo$$var", "foo$var"},
      {"--$(VAR_EMPTY)--", "----"},
      {"$", "$"},
      {"f$$", "f$"},
      {"$()", "$()"},
      {"$($(VAR_A))", "$($(VAR_A))"},
      {"\xc3\xa9$\xc3\xa9$(VAR_A)",
       "\xc3\xa9$\xc3\xa9"
       "A"},
      {"", ""},
  };
  for (const auto& [text, want] : rows) {
    INFO(text);
    CHECK(expand_references(text, vars) == want);
  }
}

TEST_CASE("Env: sources in the order of declaration, later ones over earlier ones", "[edged]") {
  Fixture f;
  f.app.env_from = {{EnvFrom::Source::kConfigMap, "P_", "cm", false},
                    {EnvFrom::Source::kSecret, "", "sec", false},
                    {EnvFrom::Source::kConfigMap, "", "gone", true}};
  f.app.env = {f.var("pass", "over"),
               f.var("X", "$(P_a)-$(pass)-$(LATER)"),
               f.var("LATER", "y"),
               {"KEY", "", ConfigMapKeyRef{"cm", "b.c", false}},
               {"SEC", "", SecretKeyRef{"sec", "pass", false}},
               {"GONE", "", SecretKeyRef{"nope", "pass", true}},
               {"NOKEY", "", ConfigMapKeyRef{"cm", "zz", true}}};
  const auto env = f.expand();
  REQUIRE(env);
  CHECK(*env == EnvList{{"P_a", "1"},
                        {"P_b.c", "2"},
                        {"pass", "over"},
                        {"X", "1-over-$(LATER)"},
                        {"LATER", "y"},
                        {"KEY", "2"},
                        {"SEC", "s3"}});
}

TEST_CASE("Env: what is required and missing is said in the kubelet's words", "[edged]") {
  struct Row {
    EnvVar var;
    const char* want;
  };
  const Row rows[] = {
      {{"V", "", ConfigMapKeyRef{"cm", "zz", false}},
       "couldn't find key zz in ConfigMap default/cm"},
      {{"V", "", SecretKeyRef{"sec", "zz", false}}, "couldn't find key zz in Secret default/sec"},
      {{"V", "", ConfigMapKeyRef{"gone", "a", false}}, "configmap \"gone\" not found"},
      {{"V", "", SecretKeyRef{"gone", "a", false}}, "secret \"gone\" not found"},
  };
  for (const Row& row : rows) {
    Fixture f;
    f.app.env = {row.var};
    const auto env = f.expand();
    REQUIRE_FALSE(env);
    CHECK(env.error().code == Code::kNotFound);
    CHECK(env.error().what == row.want);
  }
  Fixture f;
  f.app.env_from = {{EnvFrom::Source::kSecret, "", "gone", false}};
  CHECK(f.expand().error().what == "secret \"gone\" not found");
}

TEST_CASE("Env: fields of the pod", "[edged]") {
  Fixture f;
  f.pod.labels = {{"app", "web"}, {"x/y", "q\"\n"}};
  f.pod.annotations = {{"note", "hello"}};
  const std::pair<const char*, const char*> rows[] = {
      {"metadata.name", "web"},
      {"metadata.namespace", "default"},
      {"metadata.uid", "1234-abcd"},
      {"metadata.labels['app']", "web"},
      {"metadata.labels['none']", ""},
      {"metadata.annotations['note']", "hello"},
      {"metadata.labels", "app=\"web\"\nx/y=\"q\\\"\\n\""},
      {"spec.nodeName", "gateway-1"},
      {"spec.serviceAccountName", "builder"},
      {"status.hostIP", "192.0.2.1"},
      {"status.hostIPs", "192.0.2.1,2001:db8::1"},
      {"status.podIP", "10.0.0.7"},
      {"status.podIPs", "10.0.0.7,fd00::7"},
  };
  for (const auto& [path, want] : rows) {
    INFO(path);
    CHECK(field_value(path, f.pod, f.facts).value() == want);
  }
  CHECK(field_value("spec.containers", f.pod, f.facts).error().code == Code::kMalformed);
  CHECK(field_value("metadata.labels['", f.pod, f.facts).error().code == Code::kMalformed);
}

TEST_CASE("Env: resources are divided and rounded up, limits default to the node's", "[edged]") {
  Fixture f;
  struct Row {
    const char* resource;
    const char* divisor;
    const char* want;
  };
  const Row rows[] = {
      {"requests.cpu", "", "1"},
      {"requests.cpu", "1m", "250"},
      {"limits.cpu", "0", "2"},
      {"limits.cpu", "1m", "1500"},
      {"requests.memory", "", "67108864"},
      {"requests.memory", "1Mi", "64"},
      {"limits.memory", "1Mi", "1024"},
      {"requests.memory", "60Mi", "2"},
      {"limits.ephemeral-storage", "", "5000"},
      {"requests.ephemeral-storage", "", "0"},
  };
  for (const Row& row : rows) {
    INFO(row.resource << " / " << row.divisor);
    CHECK(resource_value({"", row.resource, row.divisor}, f.pod, &f.app, f.facts).value() ==
          row.want);
    CHECK(resource_value({"app", row.resource, row.divisor}, f.pod, nullptr, f.facts).value() ==
          row.want);
  }
  CHECK_FALSE(resource_value({"", "limits.gpu", ""}, f.pod, &f.app, f.facts));
  CHECK_FALSE(resource_value({"other", "limits.cpu", ""}, f.pod, &f.app, f.facts));
}

TEST_CASE("Env: the API server's address only when it is configured, and never over the pod's",
          "[edged]") {
  Fixture f;
  f.app.env = {f.var("URL", "https://$(KUBERNETES_SERVICE_HOST)"),
               f.var("KUBERNETES_SERVICE_PORT", "1")};
  CHECK(f.expand().value()[0].value == "https://$(KUBERNETES_SERVICE_HOST)");
  f.facts.kubernetes_service_host = "127.0.0.1";
  f.facts.kubernetes_service_port = "6443";
  CHECK(f.expand().value() == EnvList{{"URL", "https://127.0.0.1"},
                                      {"KUBERNETES_SERVICE_PORT", "1"},
                                      {"KUBERNETES_SERVICE_HOST", "127.0.0.1"}});
}

TEST_CASE("Env: command, arguments and subPathExpr see the variables", "[edged]") {
  Fixture f;
  f.app.command = {"/bin/$(TOOL)", "$$(TOOL)"};
  f.app.args = {"--x=$(NONE)"};
  const EnvList env = {{"TOOL", "cat"}, {"EMPTY", ""}};
  const CommandLine line = expand_command(f.app, env);
  CHECK(line.command == std::vector<std::string>{"/bin/cat", "$(TOOL)"});
  CHECK(line.args == std::vector<std::string>{"--x=$(NONE)"});
  CHECK(expand_static({"$(A)", "$(B)"}, {{"A", "lit", {}}}) ==
        std::vector<std::string>{"lit", "$(B)"});
  CHECK(expand_sub_path("d/$(TOOL)", env).value() == "d/cat");
  CHECK(expand_sub_path("$$(NONE)", env).value() == "$(NONE)");
  CHECK(expand_sub_path("$(NONE)", env).error().code == Code::kNotFound);
  CHECK(expand_sub_path("$(EMPTY)", env).error().what == "missing value for \"EMPTY\"");
}
