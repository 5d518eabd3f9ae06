#include "cloudcore/kube/cpprest_http.h"

#include <csignal>

#include "tests/unit/kube/fake_http.h"
#include "tests/unit/kube/scripted_server.h"

using namespace skerry;
using namespace skerry::kube;

/// What OpenSSL keeps for cpprest's threads is still there when LeakSanitizer looks: its pool ends
/// after main, as a static object.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT: the sanitizer's name
  return "leak:libcrypto\nleak:libcpprest\n";
}

namespace {

/// A client on a loop of its own; everything ends at its destruction, checked.
struct Link {
  explicit Link(const ScriptedServer& server) { config.server = server.url(); }
  ~Link() {
    if (http) stop();
  }

  HttpClient& client() {
    if (!http) {
      std::signal(SIGPIPE, SIG_IGN);  // as cloudcore's main does
      auto made = make_cpprest_http(config, io.get_executor(), seam::posix_world());
      REQUIRE(made);
      http = *made;
    }
    return *http;
  }
  void run_until(const std::function<bool()>& done) {
    const TimePoint patience =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (!done() && std::chrono::steady_clock::now() < patience) {
      io.restart();
      io.run_one_for(10ms);  // what is waited for may also be the server's
    }
    REQUIRE(done());
  }
  HttpRequest get(const std::string& target, Duration life = 8s) {
    HttpRequest request;
    request.target = target;
    request.deadline = std::chrono::steady_clock::now() + life;
    return request;
  }
  Result<HttpResponse> ask(HttpRequest request) {
    std::optional<Result<HttpResponse>> answer;
    client().send(std::move(request), [&answer](Result<HttpResponse> r) {
      REQUIRE_FALSE(answer);
      answer = std::move(r);
    });
    CHECK_FALSE(answer);  // never inside the call
    run_until([&answer] { return answer.has_value(); });
    return *answer;
  }
  void stop() {
    bool stopped = false;
    client().stop([&stopped] { stopped = true; });
    run_until([&stopped] { return stopped; });
  }

  boost::asio::io_context io;
  ClientConfig config;
  std::shared_ptr<HttpClient> http;
};

struct Lines : StreamSink {
  void on_open() override { ++opened; }
  void on_bytes(std::string_view more) override {
    CHECK(opened == 1);
    bytes += more;
    size += more.size();
    if (drop_on_bytes) stream.reset();
  }
  void on_end(Result<HttpResponse> e) override {
    REQUIRE_FALSE(end);
    end = std::move(e);
  }
  int opened = 0;
  std::string bytes;
  std::size_t size = 0;
  bool drop_on_bytes = false;
  std::optional<Result<HttpResponse>> end;
  std::unique_ptr<HttpStream> stream;
};

/// Answers every request of a connection.
ScriptedServer::Script each(std::function<void(Connection&, const std::string&)> answer) {
  return [answer](Connection& connection) {
    for (std::string request; !(request = connection.request()).empty();)
      answer(connection, request);
  };
}

Code code_of(const Result<HttpResponse>& answer) {
  REQUIRE_FALSE(answer);
  INFO(answer.error().what);
  return answer.error().code;
}

}  // namespace

TEST_CASE("CpprestHttp: requests carry what was asked, on connections that are kept", "[kube]") {
  std::string seen;
  ScriptedServer server(each([&seen](Connection& c, const std::string& request) {
    seen = request;
    c.answer(200, "{\"ok\":1}");
  }));
  Link link(server);
  link.config.token = "secret";
  HttpRequest patch = link.get("/api/v1/pods/a%2Fb?fieldSelector=x%21%3D&limit=5");
  patch.method = Method::kPatch;
  patch.content_type = "application/merge-patch+json";
  patch.body = "{\"a\":2}";
  const auto answer = link.ask(patch);
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "{\"ok\":1}");
  INFO(seen);
  CHECK(seen.starts_with("PATCH /api/v1/pods/a%2Fb?fieldSelector=x%21%3D&limit=5 HTTP/1.1\r\n"));
  CHECK(seen.find("Authorization:Bearer secret\r\n") != std::string::npos);
  CHECK(seen.find("Content-Type:application/merge-patch+json\r\n") != std::string::npos);
  CHECK(seen.find("Accept:application/json\r\n") != std::string::npos);
  CHECK(seen.ends_with("\r\n\r\n{\"a\":2}"));
  for (int i = 0; i < 10; ++i) REQUIRE(link.ask(link.get("/healthz")));
  CHECK(server.accepted <= 3);  // the last one may not be back in cpprest's pool yet
}

TEST_CASE("CpprestHttp: a refusal is an answer, with its Retry-After", "[kube]") {
  ScriptedServer server(each([](Connection& c, const std::string&) {
    c.answer(429, "{\"kind\":\"Status\"}", "Retry-After: 7\r\n");
  }));
  Link link(server);
  const auto answer = link.ask(link.get("/x"));
  REQUIRE(answer);
  CHECK(answer->status == 429);
  CHECK(answer->retry_after == 7s);
  CHECK(answer->body == "{\"kind\":\"Status\"}");
}

TEST_CASE("CpprestHttp: a redirect is not followed", "[kube]") {
  ScriptedServer server(each(
      [](Connection& c, const std::string&) { c.answer(302, "", "Location: /elsewhere\r\n"); }));
  Link link(server);
  CHECK(link.ask(link.get("/x"))->status == 302);
}

TEST_CASE("CpprestHttp: an answer over the limit is cut while it is read", "[kube]") {
  bool closed = false;  // written by the server's thread, read after its end
  {
    ScriptedServer server([&closed](Connection& c) {
      c.request();
      c.begin_chunks();
      for (int i = 0; i < 4; ++i) c.chunk(std::string(1000, 'x'));  // endless: it waits then
      closed = c.closed_within(kPatienceMs);
    });
    Link link(server);
    HttpRequest request = link.get("/x");
    request.answer_bytes_max = 2500;
    CHECK(code_of(link.ask(request)) == Code::kTooLarge);
    link.stop();
  }
  CHECK(closed);
}

TEST_CASE("CpprestHttp: the limit is the last size allowed", "[kube]") {
  ScriptedServer server(
      each([](Connection& c, const std::string&) { c.answer(200, std::string(200000, 'x')); }));
  Link link(server);
  HttpRequest request = link.get("/x");
  request.answer_bytes_max = 200000;
  CHECK(link.ask(request)->body.size() == 200000);
  request.answer_bytes_max = 199999;
  CHECK(code_of(link.ask(request)) == Code::kTooLarge);
}

TEST_CASE("CpprestHttp: the deadline ends a silent server and one that drips", "[kube]") {
  ScriptedServer silent([](Connection& c) {
    c.request();
    c.closed_within(kPatienceMs);
  });
  Link to_silent(silent);
  CHECK(code_of(to_silent.ask(to_silent.get("/x", 100ms))) == Code::kTimeout);

  ScriptedServer drips([](Connection& c) {
    c.request();
    c.begin_chunks();
    while (!c.closed_within(20)) c.chunk("x");
  });
  Link to_drips(drips);
  CHECK(code_of(to_drips.ask(to_drips.get("/x", 200ms))) == Code::kTimeout);
}

TEST_CASE("CpprestHttp: no server, or one that hangs up, is unavailable", "[kube]") {
  std::string url;
  {
    ScriptedServer gone([](Connection&) {});
    url = gone.url();
  }
  ScriptedServer hangs_up([](Connection& c) {
    c.request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });
  Link link(hangs_up);
  CHECK(code_of(link.ask(link.get("/x"))) == Code::kUnavailable);
  Link to_nobody(hangs_up);
  to_nobody.config.server = url;
  CHECK(code_of(to_nobody.ask(to_nobody.get("/x"))) == Code::kUnavailable);
}

TEST_CASE("CpprestHttp: a stream brings the bytes as they come and its clean end", "[kube]") {
  std::atomic<int> acknowledged{0};
  ScriptedServer server([&acknowledged](Connection& c) {
    c.request();
    c.begin_chunks();
    for (int i = 1; i <= 3; ++i) {
      c.chunk("line" + std::to_string(i) + "\n");
      while (acknowledged < i && !c.closed_within(1)) {
      }
    }
    c.write("0\r\n\r\n");
    c.closed_within(kPatienceMs);
  });
  Link link(server);
  Lines lines;
  lines.stream = link.client().stream(link.get("/watch"), lines);
  for (int i = 1; i <= 3; ++i) {
    link.run_until([&] { return lines.size == 6u * static_cast<unsigned>(i); });
    acknowledged = i;
  }
  link.run_until([&] { return lines.end.has_value(); });
  CHECK(lines.bytes == "line1\nline2\nline3\n");
  REQUIRE(*lines.end);
  CHECK((*lines.end)->status == 200);
}

TEST_CASE("CpprestHttp: a stream cut in the middle ends with an error", "[kube]") {
  ScriptedServer server([](Connection& c) {
    c.request();
    c.begin_chunks();
    c.chunk("whole\nhal");
  });
  Link link(server);
  Lines lines;
  lines.stream = link.client().stream(link.get("/watch"), lines);
  link.run_until([&] { return lines.end.has_value(); });
  CHECK(lines.bytes == "whole\nhal");
  CHECK(code_of(*lines.end) == Code::kUnavailable);
}

TEST_CASE("CpprestHttp: a refused stream ends with the refusal", "[kube]") {
  ScriptedServer server(each([](Connection& c, const std::string&) { c.answer(410, "{}"); }));
  Link link(server);
  Lines lines;
  lines.stream = link.client().stream(link.get("/watch"), lines);
  link.run_until([&] { return lines.end.has_value(); });
  CHECK(lines.opened == 0);
  REQUIRE(*lines.end);
  CHECK((*lines.end)->status == 410);
  CHECK((*lines.end)->body == "{}");
}

TEST_CASE("CpprestHttp: a stream destroyed inside its own bytes closes the connection", "[kube]") {
  bool closed = false;  // written by the server's thread, read after its end
  {
    ScriptedServer server([&closed](Connection& c) {
      c.request();
      c.begin_chunks();
      c.chunk("one\n");
      c.chunk("two\n");
      closed = c.closed_within(kPatienceMs);
    });
    Link link(server);
    Lines lines;
    lines.drop_on_bytes = true;
    lines.stream = link.client().stream(link.get("/watch"), lines);
    link.run_until([&] { return lines.size > 0; });
    link.stop();
    CHECK(lines.bytes == "one\n");
    CHECK_FALSE(lines.end);
  }
  CHECK(closed);
}

TEST_CASE("CpprestHttp: a stream ends at its deadline", "[kube]") {
  ScriptedServer server([](Connection& c) {
    c.request();
    c.begin_chunks();
    while (!c.closed_within(20)) c.chunk("{}\n");
  });
  Link link(server);
  Lines lines;
  lines.stream = link.client().stream(link.get("/watch", 150ms), lines);
  link.run_until([&] { return lines.end.has_value(); });
  CHECK(code_of(*lines.end) == Code::kTimeout);
}

TEST_CASE("CpprestHttp: the loop does not end before the library's side of a request", "[kube]") {
  ScriptedServer server([](Connection& c) {
    c.request();
    c.closed_within(kPatienceMs);
  });
  for (int round = 0; round < 20; ++round) {
    Link link(server);
    bool ended = false;
    link.client().send(link.get("/x"), [&ended](Result<HttpResponse>) { ended = true; });
    bool stopped = false;
    link.client().stop([&stopped] { stopped = true; });
    link.io.restart();
    link.io.run();  // returns when nothing is left to do
    CHECK(ended);
    CHECK(stopped);
  }
}

TEST_CASE("CpprestHttp: stop ends everything once", "[kube]") {
  ScriptedServer server([](Connection& c) {
    c.request();
    c.closed_within(kPatienceMs);
  });
  Link link(server);
  int cancelled = 0;
  for (int i = 0; i < 5; ++i) {
    link.client().send(link.get("/x"), [&cancelled](Result<HttpResponse> r) {
      CHECK(code_of(r) == Code::kCancelled);
      ++cancelled;
    });
  }
  Lines lines;
  lines.stream = link.client().stream(link.get("/watch"), lines);
  link.run_until([&server] { return server.accepted > 0; });
  link.stop();
  CHECK(cancelled == 5);
  REQUIRE(lines.end);
  CHECK(code_of(*lines.end) == Code::kCancelled);
  CHECK(code_of(link.ask(link.get("/after"))) == Code::kCancelled);
}

namespace {

Result<HttpResponse> ask_tls(const ScriptedServer& server,
                             const std::function<void(ClientConfig&)>& set) {
  Link link(server);
  set(link.config);
  return link.ask(link.get("/x"));
}

}  // namespace

TEST_CASE("CpprestHttp: TLS trusts the given CA alone and the name that is asked for", "[kube]") {
  const TestCertificate address, other, named("api.example");
  const auto ok = each([](Connection& c, const std::string&) { c.answer(200, "{}"); });
  ScriptedServer by_address(ok, &address), by_name(ok, &named);

  CHECK(ask_tls(by_address, [&](ClientConfig& c) { c.ca_pem = address.pem(); }));
  const auto untrusted = ask_tls(by_address, [&](ClientConfig& c) { c.ca_pem = other.pem(); });
  CHECK(code_of(untrusted) == Code::kUnavailable);
  CHECK(untrusted.error().what.find("certificate") != std::string::npos);
  CHECK(code_of(ask_tls(by_address, [](ClientConfig&) {})) ==
        Code::kUnavailable);  // system's trust

  const auto wrong_name = ask_tls(by_name, [&](ClientConfig& c) { c.ca_pem = named.pem(); });
  CHECK(code_of(wrong_name) == Code::kUnavailable);
  CHECK(wrong_name.error().what.find("mismatch") != std::string::npos);
  CHECK(ask_tls(by_name, [&](ClientConfig& c) {
    c.ca_pem = named.pem();
    c.server_name = "api.example";
  }));
}

TEST_CASE("CpprestHttp: the client certificate is shown where the server asks for it", "[kube]") {
  const TestCertificate own, client;
  ScriptedServer server(each([](Connection& c, const std::string&) { c.answer(200, "{}"); }), &own,
                        &client);
  CHECK(ask_tls(server, [&](ClientConfig& c) {
    c.ca_pem = own.pem();
    c.certificate_pem = client.pem();
    c.key_pem = client.key_pem();
  }));
  CHECK(code_of(ask_tls(server, [&](ClientConfig& c) { c.ca_pem = own.pem(); })) ==
        Code::kUnavailable);
}

TEST_CASE("CpprestHttp: a configuration that cannot work is refused at once", "[kube]") {
  const TestCertificate one, two;
  struct Case {
    ClientConfig config;
    Code code;
  };
  ClientConfig base;
  base.server = "https://10.0.0.1:6443";
  const auto with = [&base](auto change) {
    ClientConfig config = base;
    change(config);
    return config;
  };
  const Case cases[] = {
      {with([](ClientConfig& c) { c.server = "nonsense"; }), Code::kMalformed},
      {with([](ClientConfig& c) { c.server = "ftp://a"; }), Code::kMalformed},
      {with([](ClientConfig& c) { c.server = "http://10.0.0.1:8080"; }), Code::kUnsupported},
      {with([](ClientConfig& c) { c.server = "https://[::1]:6443"; }), Code::kUnsupported},
      {with([](ClientConfig& c) { c.ca_pem = "no pem"; }), Code::kMalformed},
      {with([&](ClientConfig& c) {
         c.certificate_pem = one.pem();
         c.key_pem = "no pem";
       }),
       Code::kMalformed},
      {with([&](ClientConfig& c) {
         c.certificate_pem = one.pem();
         c.key_pem = two.key_pem();
       }),
       Code::kMalformed},
  };
  boost::asio::io_context io;
  for (const Case& one_case : cases) {
    const auto made = make_cpprest_http(one_case.config, io.get_executor(), seam::posix_world());
    INFO(one_case.config.server);
    REQUIRE_FALSE(made);
    INFO(made.error().what);
    CHECK(made.error().code == one_case.code);
  }
}
