#include "edgecore/edged/image_reference.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

namespace {
const std::string kDigest = "sha256:" + std::string(64, 'a');
}

TEST_CASE("ImageReference: short names are made whole", "[edged]") {
  const std::pair<std::string, std::string> rows[] = {
      {"busybox", "docker.io/library/busybox:latest"},
      {"busybox:1.36", "docker.io/library/busybox:1.36"},
      {"org/app", "docker.io/org/app:latest"},
      {"docker.io/busybox", "docker.io/library/busybox:latest"},
      {"index.docker.io/org/app:v1", "docker.io/org/app:v1"},
      {"localhost/app", "localhost/app:latest"},
      {"registry.local:5000/a/b-c__d.e/f:v1.2_3-4", "registry.local:5000/a/b-c__d.e/f:v1.2_3-4"},
      {"reg/app", "docker.io/reg/app:latest"},
      {"REG/app", "REG/app:latest"},
      {"[fd00::1]:5000/app", "[fd00::1]:5000/app:latest"},
      {"app@" + kDigest, "docker.io/library/app@" + kDigest},
      {"reg.io/app:v1@" + kDigest, "reg.io/app:v1@" + kDigest},
  };
  for (const auto& [name, want] : rows) {
    INFO(name);
    const auto image = parse_image(name);
    REQUIRE(image);
    CHECK(image->text() == want);
  }
}

TEST_CASE("ImageReference: what no registry would take is refused", "[edged]") {
  for (const std::string& name :
       {std::string(""), std::string("App"), std::string("a b"), std::string("a//b"),
        std::string("/a"), std::string("a/"), std::string("a:"), std::string("a:-x"),
        std::string("a..b"), std::string("a___b"), std::string("-a"), std::string("a@sha256:12"),
        std::string("a@"), std::string("reg.io:/a"), std::string("reg.io:5x/a"),
        std::string("a:") + std::string(129, 't'), std::string(300, 'a'),
        std::string("http://reg.io/a"), std::string("a\n")}) {
    INFO(name);
    const auto image = parse_image(name);
    REQUIRE_FALSE(image);
    CHECK(image.error().code == Code::kMalformed);
  }
  CHECK(parse_image("App").error().what ==
        "Failed to apply default image tag \"App\": couldn't parse image name \"App\": invalid "
        "reference format: "
        "repository name (library/App) must be lowercase");
}

TEST_CASE("ImageReference: only a bare name gets a tag", "[edged]") {
  CHECK(with_default_tag("busybox").value() == "busybox:latest");
  CHECK(with_default_tag("reg.io:5000/a").value() == "reg.io:5000/a:latest");
  CHECK(with_default_tag("reg.io:5000/a:v1").value() == "reg.io:5000/a:v1");
  CHECK(with_default_tag("a@" + kDigest).value() == "a@" + kDigest);
  CHECK_FALSE(with_default_tag("A"));
}
