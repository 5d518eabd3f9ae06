#include "edgecore/edged/volume_files.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

ObjectDataPtr lookup(k8s::Kind kind, const std::string& name) {
  auto object = std::make_shared<ObjectData>();
  if (kind == k8s::Kind::kConfigMap && name == "cm") {
    object->data = {{"a", "1"}, {"b", "2"}};
    object->binary = {{"bin", std::string("\0", 1)}};
    return object;
  }
  if (kind == k8s::Kind::kSecret && name == "sec") {
    object->data = {{"key", "s"}};
    return object;
  }
  return nullptr;
}

VolumeInputs inputs() {
  return {lookup,
          [](const std::string& volume, const std::string& path) -> std::optional<std::string> {
            if (volume == "kube-api-access" && path == "token") return "jwt";
            return std::nullopt;
          },
          {}};
}

VolumeSpec volume(const std::string& name, auto source, int mode = 0644) {
  VolumeSpec spec;
  spec.name = name;
  spec.default_mode = mode;
  spec.source = std::move(source);
  return spec;
}

/// "a:644=1 ..."
std::string summary(const Result<Payload>& payload) {
  if (!payload) return payload.error().what;
  std::string text;
  for (const auto& [path, content] : *payload) {
    char mode[16];
    std::snprintf(mode, sizeof mode, "%o", static_cast<unsigned>(content.mode));
    text += (text.empty() ? "" : " ") + path + ":" + mode + "=" +
            (content.bytes == std::string("\0", 1) ? "NUL" : content.bytes);
  }
  return text;
}

}  // namespace

TEST_CASE("VolumeFiles: keys, items, modes and what may be missing", "[edged]") {
  struct Row {
    const char* why;
    VolumeSpec spec;
    const char* want;
  };
  const Row rows[] = {
      {"all keys, binary ones too", volume("v", ConfigMapVolume{"cm", {}, false}),
       "a:644=1 b:644=2 bin:644=NUL"},
      {"chosen keys",
       volume("v", ConfigMapVolume{"cm", {{"b", "x/y", 0400}, {"a", "z", {}}}, false}, 0600),
       "x/y:400=2 z:600=1"},
      {"a secret", volume("v", SecretVolume{"sec", {}, false}, 0400), "key:400=s"},
      {"no configmap", volume("v", ConfigMapVolume{"gone", {}, false}),
       "configmap \"gone\" not found"},
      {"no secret", volume("v", SecretVolume{"gone", {}, false}), "secret \"gone\" not found"},
      {"optional object", volume("v", SecretVolume{"gone", {}, true}), ""},
      {"no key", volume("v", ConfigMapVolume{"cm", {{"zz", "p", {}}}, false}),
       "configmap references non-existent config key: zz"},
      {"no key in a secret", volume("v", SecretVolume{"sec", {{"zz", "p", {}}}, false}),
       "references non-existent secret key: zz"},
      {"optional key", volume("v", ConfigMapVolume{"cm", {{"zz", "p", {}}, {"a", "q", {}}}, true}),
       "q:644=1"},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    const Result<Payload> payload = volume_payload(sample_pod(), row.spec, inputs());
    CHECK(summary(payload) == row.want);
    if (!payload) CHECK(payload.error().code == Code::kNotFound);
  }
}

TEST_CASE("VolumeFiles: the default projected volume", "[edged]") {
  ProjectedVolume projected;
  projected.sources = {TokenVolume{"", Seconds(3607), "token"},
                       ConfigMapVolume{"cm", {{"a", "ca.crt", {}}}, false},
                       DownwardVolume{{{"namespace", {}, FieldRef{"metadata.namespace"}}}}};
  const VolumeSpec spec = volume("kube-api-access", projected);
  PodSpec pod = sample_pod({sample_container("c")});
  CHECK(summary(volume_payload(pod, spec, inputs())) ==
        "ca.crt:644=1 namespace:644=default token:644=jwt");
  CHECK_FALSE((*volume_payload(pod, spec, inputs()))["token"].owner.has_value());

  pod.containers[0].security.run_as_user = 1000;
  CHECK(summary(volume_payload(pod, spec, inputs())) ==
        "ca.crt:644=1 namespace:644=default token:600=jwt");
  CHECK((*volume_payload(pod, spec, inputs()))["token"].owner == 1000);

  const VolumeSpec other = volume("other", projected);
  CHECK(volume_payload(pod, other, inputs()).error().code == Code::kNotFound);
}

TEST_CASE("VolumeFiles: a token belongs to a user only if all containers run as that one",
          "[edged]") {
  PodSpec pod = sample_pod({sample_container("a"), sample_container("b")});
  CHECK_FALSE(token_owner(pod));
  pod.containers[0].security.run_as_user = 1000;
  CHECK_FALSE(token_owner(pod));
  pod.containers[1].security.run_as_user = 1000;
  CHECK(token_owner(pod) == 1000);
  pod.init_containers.push_back(sample_container("i"));
  CHECK_FALSE(token_owner(pod));
  pod.init_containers[0].security.run_as_user = 7;
  CHECK_FALSE(token_owner(pod));
}

TEST_CASE("VolumeFiles: downwardAPI files of fields and resources", "[edged]") {
  PodSpec pod = sample_pod({sample_container("c", {"", "500m", "", ""})});
  pod.labels = {{"app", "web"}};
  const VolumeSpec spec =
      volume("v", DownwardVolume{{{"labels", 0400, FieldRef{"metadata.labels"}},
                                  {"cpu", {}, ResourceFieldRef{"c", "limits.cpu", "1m"}}}});
  CHECK(summary(volume_payload(pod, spec, inputs())) == "cpu:644=500 labels:400=app=\"web\"");
  const VolumeSpec bad =
      volume("v", DownwardVolume{{{"x", {}, ResourceFieldRef{"none", "limits.cpu", ""}}}});
  CHECK_FALSE(volume_payload(pod, bad, inputs()));
}

TEST_CASE("VolumeFiles: where volumes live", "[edged]") {
  struct Row {
    VolumeSpec spec;
    const char* plugin;
    bool memory;
  };
  const Row rows[] = {
      {volume("v", EmptyDirVolume{false, ""}), "kubernetes.io~empty-dir", false},
      {volume("v", EmptyDirVolume{true, ""}), "kubernetes.io~empty-dir", true},
      {volume("v", HostPathVolume{"/x", ""}), "", false},
      {volume("v", ConfigMapVolume{}), "kubernetes.io~configmap", false},
      {volume("v", SecretVolume{}), "kubernetes.io~secret", true},
      {volume("v", DownwardVolume{}), "kubernetes.io~downward-api", true},
      {volume("v", ProjectedVolume{}), "kubernetes.io~projected", true},
  };
  for (const Row& row : rows) {
    CHECK(plugin_dir(row.spec) == row.plugin);
    CHECK(in_memory(row.spec) == row.memory);
  }
  CHECK(volume_payload(sample_pod(), rows[0].spec, inputs()).error().code == Code::kUnsupported);
}

TEST_CASE("VolumeFiles: a memory directory is as small as the least limit", "[edged]") {
  PodFacts facts;
  facts.allocatable_memory_bytes = 1 << 30;
  const PodSpec open = sample_pod({sample_container("c")});
  const PodSpec limited = sample_pod({sample_container("c", {"", "", "", "64Mi"})});
  CHECK(memory_dir_bytes(open, {true, ""}, facts) == 1 << 30);
  CHECK(memory_dir_bytes(open, {true, "1Mi"}, facts) == 1 << 20);
  CHECK(memory_dir_bytes(limited, {true, ""}, facts) == 64 << 20);
  CHECK(memory_dir_bytes(limited, {true, "128Mi"}, facts) == 64 << 20);
  CHECK(memory_dir_bytes(open, {true, ""}, {}) == 0);
}
