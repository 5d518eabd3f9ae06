#include "edgecore/edged/volumes.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"
#include "tests/unit/edged/temp_dir.h"

using namespace skerry;
using namespace skerry::edged;
namespace fs = std::filesystem;

namespace {

template <class Source>
VolumeSpec volume(const std::string& name, Source source) {
  VolumeSpec spec;
  spec.name = name;
  spec.source = std::move(source);
  return spec;
}

/// A node's volumes with one secret, one configmap and one token that a test may change.
struct Fixture {
  Fixture() {
    if (::geteuid() != 0) FAIL("needs root to mount, as CI has it");
  }
  TempDir dir;
  Volumes volumes{VolumeRoots{dir / "pods"}};
  StringMap secret = {{"key", "s1"}};
  std::optional<StringMap> config = StringMap{{"conf", "c1"}};
  std::optional<std::string> token = "t1";
  PodSpec pod = sample_pod({sample_container("app")});

  Result<VolumeSet> set_up() {
    const auto objects = [this](k8s::Kind kind, const std::string&) -> ObjectDataPtr {
      auto object = std::make_shared<ObjectData>();
      if (kind == k8s::Kind::kConfigMap && !config) return nullptr;
      object->data = kind == k8s::Kind::kSecret ? secret : *config;
      return object;
    };
    const auto tokens = [this](const std::string&, const std::string&) { return token; };
    return volumes.set_up(pod, {objects, tokens, {}});
  }
  Result<std::string> mount(const VolumeMount& mount,
                            const VolumeSet& set,
                            const EnvList& env = {}) {
    pod.containers[0].mounts = {mount};
    return volumes.mount_source(pod, pod.containers[0], 0, env, set);
  }
  bool tear_down() { return volumes.tear_down(pod.uid).value(); }
};

}  // namespace

TEST_CASE("Volumes: each kind in the kubelet's place, secrets in memory", "[edged]") {
  Fixture f;
  ProjectedVolume projected{
      {TokenVolume{"", Seconds(3600), "token"}, ConfigMapVolume{"cm", {}, false}}};
  f.pod.volumes = {volume("s", SecretVolume{"sec", {}, false}),
                   volume("c", ConfigMapVolume{"cm", {}, false}),
                   volume("p", projected),
                   volume("e", EmptyDirVolume{false, ""}),
                   volume("m", EmptyDirVolume{true, "64Ki"}),
                   volume("d", DownwardVolume{{{"name", {}, FieldRef{"metadata.name"}}}}),
                   volume("h", HostPathVolume{f.dir / "host", ""})};
  const auto set = f.set_up();
  REQUIRE(set);
  CHECK(set->changed.size() == 6);
  const std::string base = f.dir / "pods/1234-abcd/volumes/kubernetes.io~";
  CHECK(set->host_paths.at("s") == base + "secret/s");
  CHECK(set->host_paths.at("h") == f.dir / "host");
  CHECK(text_at(base + "secret/s/key") == "s1");
  CHECK(text_at(base + "configmap/c/conf") == "c1");
  CHECK(text_at(base + "projected/p/token") == "t1");
  CHECK(text_at(base + "downward-api/d/name") == "web");
  for (const char* name : {"secret/s", "projected/p", "downward-api/d", "empty-dir/m"}) {
    CHECK(is_mount_point(base + name));
  }
  CHECK_FALSE(is_mount_point(base + "configmap/c"));
  CHECK_FALSE(is_mount_point(base + "empty-dir/e"));
  CHECK(fs::space(base + "empty-dir/m").capacity == 65536);
  CHECK(fs::status(base + "empty-dir/e").permissions() == fs::perms::all);
  CHECK(fs::status(f.dir / "pods").permissions() == fs::perms(0750));
  CHECK(f.volumes.pods() == std::vector<Uid>{f.pod.uid});

  CHECK(f.tear_down());
  CHECK(f.tear_down());
  CHECK(f.volumes.pods().empty());
}

TEST_CASE("Volumes: a repeat changes nothing, an object's change reaches the files", "[edged]") {
  Fixture f;
  f.pod.volumes = {volume("s", SecretVolume{"sec", {}, false}),
                   volume("c", ConfigMapVolume{"cm", {}, false}),
                   volume("e", EmptyDirVolume{false, ""})};
  const auto first = f.set_up();
  REQUIRE(first);
  std::ofstream(first->host_paths.at("e") + "/mine") << "kept";
  CHECK(f.set_up()->changed.empty());
  f.secret = {{"key", "s2"}, {"more", "m"}};
  // Another Volumes, as after a restart of edgecore during which the object changed.
  f.volumes = Volumes({f.dir / "pods"});
  CHECK(f.set_up()->changed == std::vector<std::string>{"s"});
  CHECK(text_at(first->host_paths.at("s") + "/key") == "s2");
  CHECK(text_at(first->host_paths.at("s") + "/more") == "m");
  CHECK(text_at(first->host_paths.at("e") + "/mine") == "kept");
  CHECK(f.tear_down());
}

TEST_CASE("Volumes: after a reboot the memory ones are made again, the disk ones are kept",
          "[edged]") {
  Fixture f;
  f.pod.volumes = {volume("s", SecretVolume{"sec", {}, false}),
                   volume("e", EmptyDirVolume{false, ""})};
  const auto set = f.set_up();
  REQUIRE(set);
  std::ofstream(set->host_paths.at("e") + "/mine") << "kept";
  REQUIRE(unmount_below(f.dir / "pods"));
  CHECK_FALSE(fs::exists(set->host_paths.at("s") + "/key"));
  CHECK(f.set_up()->changed == std::vector<std::string>{"s"});
  CHECK(text_at(set->host_paths.at("s") + "/key") == "s1");
  CHECK(text_at(set->host_paths.at("e") + "/mine") == "kept");
  CHECK(f.tear_down());
}

TEST_CASE("Volumes: a missing object or token fails the set-up in the kubelet's words", "[edged]") {
  Fixture f;
  f.pod.volumes = {volume("c", ConfigMapVolume{"cm", {}, false})};
  f.config = std::nullopt;
  auto set = f.set_up();
  REQUIRE_FALSE(set);
  CHECK(set.error().code == Code::kNotFound);
  CHECK(set.error().what ==
        "MountVolume.SetUp failed for volume \"c\" : configmap \"cm\" not found");
  f.pod.volumes = {volume("p", ProjectedVolume{{TokenVolume{"", Seconds(3600), "token"}}})};
  f.token = std::nullopt;
  set = f.set_up();
  REQUIRE_FALSE(set);
  CHECK(set.error().code == Code::kNotFound);
  CHECK_FALSE(fs::exists(f.dir / "pods/1234-abcd/volumes/kubernetes.io~projected/p"));
  CHECK(f.tear_down());
}

TEST_CASE("Volumes: a token past its lease has no file, and comes back when renewed", "[edged]") {
  Fixture f;
  f.pod.volumes = {volume("p", ProjectedVolume{{TokenVolume{"", Seconds(3600), "token"},
                                                ConfigMapVolume{"cm", {}, false}}})};
  const auto set = f.set_up();
  REQUIRE(set);
  const std::string path = set->host_paths.at("p") + "/";
  CHECK(text_at(path + "token") == "t1");
  const std::string other = text_at(path + "conf");
  f.token = "";
  REQUIRE(f.set_up());
  CHECK_FALSE(fs::exists(path + "token"));
  CHECK(text_at(path + "conf") == other);
  f.token = "t2";
  REQUIRE(f.set_up());
  CHECK(text_at(path + "token") == "t2");
}

TEST_CASE("Volumes: hostPath types", "[edged]") {
  Fixture f;
  f.dir.write("host/file", "x");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", (f.dir / "host/sock").c_str());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(listener);
  struct Row {
    const char* type;
    const char* path;
    const char* want;  // what is said after the path; empty: fine
  };
  const Row rows[] = {
      {"", "none", ""},
      {"Directory", "host", ""},
      {"Directory", "host/file", " is not a directory"},
      {"Directory", "none", " is not a directory"},
      {"DirectoryOrCreate", "made/deep", ""},
      {"DirectoryOrCreate", "host/file", " is not a directory"},
      {"File", "host/file", ""},
      {"File", "host", " is not a file"},
      {"FileOrCreate", "host/new", ""},
      {"FileOrCreate", "host", " is not a file"},
      {"Socket", "host/sock", ""},
      {"Socket", "host/file", " is not a socket file"},
      {"CharDevice", "host/file", " is not a character device"},
      {"BlockDevice", "host/file", " is not a block device"},
  };
  for (const Row& row : rows) {
    INFO(row.type << " " << row.path);
    f.pod.volumes = {volume("h", HostPathVolume{f.dir / row.path, row.type})};
    const auto set = f.set_up();
    const std::string want(row.want);
    CHECK(set.has_value() == want.empty());
    if (!set)
      CHECK(set.error().what.find("hostPath type check failed: " + (f.dir / row.path) + want) !=
            std::string::npos);
  }
  CHECK(fs::is_directory(f.dir / "made/deep"));
  CHECK(fs::is_regular_file(f.dir / "host/new"));
  for (const HostPathVolume& bad : {HostPathVolume{"relative", ""}, HostPathVolume{"/a/../b", ""},
                                    HostPathVolume{"/a", "Weird"}}) {
    f.pod.volumes = {volume("h", bad)};
    CHECK_FALSE(f.set_up());
  }
}

TEST_CASE("Volumes: a subPath stays inside, is made, and goes with the pod", "[edged]") {
  Fixture f;
  fs::create_directories(f.dir / "host");
  f.dir.write("outside/secret", "no");
  fs::create_directory_symlink("../outside", f.dir / "host/up");
  f.pod.volumes = {volume("h", HostPathVolume{f.dir / "host", ""}),
                   volume("c", ConfigMapVolume{"cm", {}, false})};
  const auto set = f.set_up();
  REQUIRE(set);
  VolumeMount mount{"h", "/data", "", "", false, VolumeMount::Propagation::kNone};
  CHECK(f.mount(mount, *set).value() == f.dir / "host");

  mount.sub_path = "logs";
  const std::string target = f.dir / "pods/1234-abcd/volume-subpaths/h/app/0";
  CHECK(f.mount(mount, *set).value() == target);
  CHECK(f.mount(mount, *set).value() == target);
  std::ofstream(target + "/line") << "x";
  CHECK(text_at(f.dir / "host/logs/line") == "x");

  mount.sub_path = "";
  mount.sub_path_expr = "$(POD)/x";
  CHECK(f.mount(mount, *set, {{"POD", "web"}}).value() == target);
  CHECK(fs::is_directory(f.dir / "host/web/x"));
  CHECK(f.mount(mount, *set).error().code == Code::kNotFound);

  mount.sub_path_expr = "";
  for (const char* path : {"up/secret", "../outside", "/etc"}) {
    mount.sub_path = path;
    INFO(path);
    const auto source = f.mount(mount, *set);
    REQUIRE_FALSE(source);
    CHECK(source.error().what.find(
              "failed to prepare subPath for volumeMount \"h\" of container \"app\"") == 0);
  }
  // One file of a configmap, through the links that the atomic writer makes.
  VolumeMount key{"c", "/etc/conf", "conf", "", true, VolumeMount::Propagation::kNone};
  const auto file = f.mount(key, *set);
  REQUIRE(file);
  CHECK(text_at(*file) == "c1");
  CHECK(
      f.mount({"nope", "/x", "", "", false, VolumeMount::Propagation::kNone}, *set).error().code ==
      Code::kMalformed);

  CHECK(f.tear_down());
  CHECK(text_at(f.dir / "host/logs/line") == "x");
  CHECK(text_at(f.dir / "outside/secret") == "no");
}

TEST_CASE("Volumes: fsGroup owns what it may write and reads what it may not", "[edged]") {
  Fixture f;
  f.pod.fs_group = 2000;
  f.pod.volumes = {volume("e", EmptyDirVolume{false, ""}), volume("m", EmptyDirVolume{true, ""}),
                   volume("p", ProjectedVolume{{TokenVolume{"", Seconds(3600), "token"}}})};
  const auto set = f.set_up();
  REQUIRE(set);
  struct stat status {};
  for (const char* name : {"e", "m", "p"}) {
    REQUIRE(::stat(set->host_paths.at(name).c_str(), &status) == 0);
    CHECK(status.st_gid == 2000);
    CHECK((status.st_mode & 02770) == 02770);
  }
  REQUIRE(::stat((set->host_paths.at("p") + "/token").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
  CHECK(status.st_gid == 2000);
  CHECK(f.set_up()->changed.empty());
  CHECK(f.tear_down());
}

TEST_CASE("Volumes: a mount inside a read-only volume finds its place made", "[edged]") {
  Fixture f;
  f.pod.volumes = {volume("c", ConfigMapVolume{"cm", {}, false}),
                   volume("e", EmptyDirVolume{false, ""})};
  f.pod.containers[0].mounts = {
      {"c", "/etc/app", "", "", true, VolumeMount::Propagation::kNone},
      {"e", "/etc/app/cache/tmp", "", "", false, VolumeMount::Propagation::kNone}};
  const auto set = f.set_up();
  REQUIRE(set);
  CHECK(fs::is_directory(set->host_paths.at("c") + "/cache/tmp"));
  f.config = StringMap{{"conf", "c2"}};
  CHECK(f.set_up()->changed == std::vector<std::string>{"c"});
  CHECK(fs::is_directory(set->host_paths.at("c") + "/cache/tmp"));
  CHECK(f.tear_down());
}

TEST_CASE("Volumes: a uid or name that is a path is refused", "[edged]") {
  Fixture f;
  f.pod.uid = Uid("../../etc");
  CHECK(f.set_up().error().code == Code::kMalformed);
  CHECK(f.volumes.tear_down(Uid("..")).error().code == Code::kMalformed);
  CHECK(f.volumes.tear_down(Uid("")).error().code == Code::kMalformed);
  f.pod.uid = Uid("u");
  f.pod.volumes = {volume("../x", EmptyDirVolume{false, ""})};
  CHECK(f.set_up().error().code == Code::kMalformed);
}

TEST_CASE("Volumes: tear-down goes on where a kill stopped it, and in steps", "[edged]") {
  Fixture f;
  f.pod.volumes = {volume("s", SecretVolume{"sec", {}, false}),
                   volume("e", EmptyDirVolume{false, ""})};
  const auto set = f.set_up();
  REQUIRE(set);
  for (int i = 0; i < 50; ++i)
    std::ofstream(set->host_paths.at("e") + "/f" + std::to_string(i)) << "x";
  CHECK_FALSE(f.volumes.tear_down(f.pod.uid, 10).value());
  CHECK_FALSE(is_mount_point(set->host_paths.at("s")));
  Volumes again({f.dir / "pods"});
  CHECK(again.pods() == std::vector<Uid>{f.pod.uid});
  CHECK(again.tear_down(f.pod.uid).value());
  CHECK(again.pods().empty());
}
