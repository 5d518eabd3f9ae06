#include "edgecore/edged/image_credentials.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

ObjectData secret(const std::string& json,
                  const std::string& type = "kubernetes.io/dockerconfigjson") {
  ObjectData data;
  data.type = type;
  data.data[type == "kubernetes.io/dockercfg" ? ".dockercfg" : ".dockerconfigjson"] = json;
  return data;
}

/// Users of the entries that fit, in order.
std::string users(const std::vector<std::string>& servers, const std::string& image) {
  std::vector<RegistryAuth> auths;
  for (const std::string& server : servers) auths.push_back({server, server, "p"});
  std::string text;
  for (const RegistryAuth& auth : credentials_for(auths, image))
    text += (text.empty() ? "" : " ") + auth.username;
  return text;
}

}  // namespace

TEST_CASE("ImageCredentials: both forms of pull secret", "[edged]") {
  const auto current = parse_pull_secret(secret(
      R"({"auths":{"reg.io":{"auth":"dXNlcjpwYTpzcw=="},"other.io":{"username":"u","password":"p","email":"e"}}})"));
  REQUIRE(current);
  REQUIRE(current->size() == 2);
  CHECK((*current)[0].username == "u");
  CHECK((*current)[1].server == "reg.io");
  CHECK((*current)[1].username == "user");
  CHECK((*current)[1].password == "pa:ss");
  const auto old =
      parse_pull_secret(secret(R"({"reg.io":{"auth":"dXNlcjpw"}})", "kubernetes.io/dockercfg"));
  REQUIRE(old);
  CHECK((*old)[0].password == "p");
  CHECK(parse_pull_secret(secret(R"({})"))->empty());
}

TEST_CASE("ImageCredentials: damage is refused without showing what is secret", "[edged]") {
  for (const char* json : {"", "7", R"({"auths":7})", R"({"auths":{"reg.io":7}})",
                           R"({"auths":{"reg.io":{"auth":"hunter2"}}})",
                           R"({"auths":{"reg.io":{"auth":"aHVudGVyMg=="}}})"}) {
    INFO(json);
    const auto parsed = parse_pull_secret(secret(json));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::kMalformed);
    CHECK(parsed.error().what.find("hunter2") == std::string::npos);
  }
  CHECK(parse_pull_secret(secret("{}", "Opaque")).error().code == Code::kUnsupported);
  ObjectData empty;
  empty.type = "kubernetes.io/dockerconfigjson";
  CHECK_FALSE(parse_pull_secret(empty));
}

TEST_CASE("ImageCredentials: which entries fit an image", "[edged]") {
  struct Row {
    std::vector<std::string> servers;
    const char* image;
    const char* want;
  };
  const Row rows[] = {
      {{"reg.io"}, "reg.io/a", "reg.io"},
      {{"https://reg.io/v2/"}, "reg.io/a", "https://reg.io/v2/"},
      {{"reg.io"}, "other.io/a", ""},
      {{"reg.io"}, "reg.io:5000/a", ""},
      {{"reg.io:5000"}, "reg.io:5000/a", "reg.io:5000"},
      {{"https://index.docker.io/v1/"}, "busybox", "https://index.docker.io/v1/"},
      {{"docker.io"}, "org/app", "docker.io"},
      {{"index.docker.io"}, "reg.io/app", ""},
      {{"reg.io", "reg.io/team", "reg.io/team/app"},
       "reg.io/team/app:v1",
       "reg.io/team/app reg.io/team reg.io"},
      {{"reg.io/team"}, "reg.io/other/app", ""},
      {{"*.reg.io"}, "eu.reg.io/a", "*.reg.io"},
      {{"*.reg.io"}, "x.eu.reg.io/a", ""},
      {{"*.reg.io:5000"}, "eu.reg.io/a", ""},
      {{"reg.io"}, "NOT/Valid", ""},
  };
  for (const Row& row : rows) {
    INFO(row.image);
    CHECK(users(row.servers, row.image) == row.want);
  }
}
