#include "edgecore/edged/probe_http.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;

TEST_CASE("ProbeHttp: a port is a number or a container port's name", "[edged]") {
  ContainerSpec container = sample_container("c");
  container.ports = {{"web", 8080, 0, "", "TCP"}, {"big", 70000, 0, "", "TCP"}};
  CHECK(resolve_port("80", container).value() == 80);
  CHECK(resolve_port("web", container).value() == 8080);
  for (const char* port : {"", "none", "0", "65536", "-1", "80x", "big"}) {
    INFO(port);
    CHECK(resolve_port(port, container).error().code == Code::kMalformed);
  }
  CHECK(resolve_port("none", container).error().what ==
        "couldn't find port: \"none\" in container ports");
}

TEST_CASE("ProbeHttp: the request is what the kubelet sends", "[edged]") {
  HttpGetAction action;
  action.path = "/healthz?full=1";
  CHECK(probe_request(action, "10.0.0.7", 8080).value() ==
        "GET /healthz?full=1 HTTP/1.1\r\nHost: 10.0.0.7:8080\r\nUser-Agent: "
        "kube-probe/1.34\r\nAccept: */*\r\n"
        "Connection: close\r\n\r\n");
  action.headers = {
      {"X-A", "1"}, {"x-a", "2"}, {"host", "web.local"}, {"User-Agent", "me"}, {"accept", ""}};
  CHECK(probe_request(action, "10.0.0.7", 8080).value() ==
        "GET /healthz?full=1 HTTP/1.1\r\nHost: web.local\r\nX-A: 1\r\nx-a: 2\r\nUser-Agent: me\r\n"
        "Connection: close\r\n\r\n");
}

TEST_CASE("ProbeHttp: paths are made fit for the request line", "[edged]") {
  const std::pair<const char*, const char*> rows[] = {
      {"/", "http://h:1/"},           {"", "http://h:1/"},
      {"x", "http://h:1/x"},          {"/a b", "http://h:1/a%20b"},
      {"/a%20b", "http://h:1/a%20b"}, {"/\xc3\xa9", "http://h:1/%C3%A9"},
      {"/a#frag", "http://h:1/a"},
  };
  for (const auto& [path, want] : rows) {
    HttpGetAction action;
    action.path = path;
    CHECK(probe_url(action, "h", 1) == want);
  }
  HttpGetAction secure;
  secure.https = true;
  CHECK(probe_url(secure, "fd00::7", 443) == "https://[fd00::7]:443/");
}

TEST_CASE("ProbeHttp: nothing may break the request apart", "[edged]") {
  HttpGetAction action;
  action.path = "/x\r\nEvil: 1";
  CHECK_FALSE(probe_request(action, "h", 1));
  action.path = "/";
  const std::pair<std::string, std::string> bad[] = {
      {"A", "x\r\nEvil: 1"}, {"A\r\nB", "x"},        {"", "x"},
      {"A B", "x"},          {"Host", "x\nEvil: 1"}, {"A:", "x"}};
  for (const auto& header : bad) {
    INFO(header.first);
    action.headers = {header};
    CHECK(probe_request(action, "h", 1).error().code == Code::kMalformed);
  }
}

TEST_CASE("ProbeHttp: the status is known once the header is whole", "[edged]") {
  const std::string reply = "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\nbody";
  const std::size_t whole = reply.find("body");
  for (std::size_t cut = 0; cut <= reply.size(); ++cut) {
    const auto status = reply_status(std::string_view(reply).substr(0, cut));
    REQUIRE(status);
    CHECK(status->has_value() == (cut >= whole));
  }
  CHECK(*reply_status(reply).value() == 204);
  CHECK(*reply_status("HTTP/1.0 503 x\n\n").value() == 503);
  CHECK(*reply_status("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n").value() == 200);
  CHECK_FALSE(reply_status("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 20")->has_value());
}

TEST_CASE("ProbeHttp: what is not HTTP is refused as soon as it shows", "[edged]") {
  for (const char* text : {"SSH-2.0", "HTTPS", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n",
                           "HTTP/1.1 abc x\r\n", "HTTP/1.1 042 x\r\n", "\x15\x03\x01"}) {
    INFO(text);
    const auto status = reply_status(text);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == Code::kMalformed);
  }
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(kProbeReplyBytesMax, 'x');
  CHECK(reply_status(endless).error().code == Code::kTooLarge);
}
