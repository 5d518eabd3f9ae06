// Users, tokens and rights as clients see them: requests in, answers out, on a real storage.
#include "cloudcore/standalone/access/access.h"

#include <cstdlib>
#include <filesystem>

#include "cloudcore/standalone/access/bootstrap_roles.h"
#include "cloudcore/standalone/access/certificate_requests.h"
#include "cloudcore/standalone/access/web_token.h"
#include "common/base/base64.h"
#include "common/tls/key.h"
#include "tests/support/catch.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const User kAdmin{"admin", "", {"system:masters", "system:authenticated"}, {}};
const User kNodeA{"system:node:a", "", {"system:nodes", "system:authenticated"}, {}};
const User kBob{"bob", "", {"system:authenticated"}, {}};

class Scene {
 public:
  Scene() {
    std::string name = (fs::temp_directory_path() / "skerry-access-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    SqliteOptions options;
    options.file = folder_ + "/objects.db";
    auto storage = open_sqlite_storage(options, loop_.get_executor());
    REQUIRE(storage.has_value());
    store_ = std::make_unique<ObjectStore>(std::move(*storage), loop_.get_executor());
    REQUIRE(test::run_task(loop_, store_->load()).has_value());
    api_ = std::make_unique<Api>(*store_, world.world(), "127.0.0.1:6443");
    auto key = tls::SigningKey::from_pem(*tls::make_key());
    REQUIRE(key.has_value());
    Access::Parts parts{*api_, *store_, world.world(), *key, "127.0.0.1:6443"};
    access = std::make_unique<Access>(std::move(parts));
    for (const char* ns :
         {"default", "kube-system", "kube-public", "kube-node-lease", "skerry-system"}) {
      post("/api/v1/namespaces", {{"metadata", {{"name", ns}}}});
    }
    auto made = test::run_task(loop_, make_bootstrap_roles(*api_, *store_, loop_.get_executor()));
    REQUIRE(made.has_value());
    post("/api/v1/namespaces/default/serviceaccounts", {{"metadata", {{"name", "default"}}}});
  }
  ~Scene() {
    test::run_task(loop_, store_->stop());
    fs::remove_all(folder_);
  }

  json call(const std::string& method,
            const std::string& path,
            const User& user,
            const json& body = nullptr) {
    auto request = std::make_shared<ApiRequest>();
    request->method = method;
    const std::size_t mark = path.find("?fieldSelector=");
    request->path = path.substr(0, mark);
    if (mark != std::string::npos) request->query = {{"fieldSelector", path.substr(mark + 15)}};
    request->user = user;
    request->content_type = method == "PATCH" ? "application/merge-patch+json" : "application/json";
    if (!body.is_null()) request->body = body.dump();
    const ApiResponse answer = test::run_task(loop_, api_->handle(request));
    code = answer.status;
    const json out = json::parse(answer.text(), nullptr, false);
    message = out.is_object() ? out.value("message", "") : "";
    return out;
  }
  json post(const std::string& path, const json& body, const User& user = kAdmin) {
    return call("POST", path, user, body);
  }
  json pod(const std::string& name, const std::string& node) {
    const json container = {{"name", "c"},
                            {"image", "i"},
                            {"envFrom", {{{"secretRef", {{"name", name + "-secret"}}}}}}};
    const json body = {{"metadata", {{"name", name}}},
                       {"spec", {{"nodeName", node}, {"containers", {container}}}}};
    return post("/api/v1/namespaces/default/pods", body);
  }
  json token_for(const json& spec, const User& user = kAdmin) {
    return post("/api/v1/namespaces/default/serviceaccounts/default/token", {{"spec", spec}}, user);
  }
  Answer<User> with_token(const std::string& token) {
    Credentials given;
    given.bearer_token = token;
    return access->authenticate(given);
  }

  test::ManualWorld world;
  std::unique_ptr<Access> access;
  int code = 0;
  std::string message;

 private:
  boost::asio::io_context loop_;
  std::string folder_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Api> api_;
};

// ---- who ----------------------------------------------------------------------------------------

TEST_CASE("Access: nobody may read the version, and nothing else", "[standalone_access]") {
  Scene scene;
  const auto nobody = scene.access->authenticate({});
  REQUIRE(nobody.has_value());
  CHECK(nobody->name == "system:anonymous");
  for (const char* path : {"/version", "/healthz", "/livez", "/readyz"}) {
    scene.call("GET", path, *nobody);
    CHECK(scene.code == 200);
  }
  scene.call("GET", "/", *nobody);
  CHECK(scene.code == 403);
  CHECK(scene.message == R"(forbidden: User "system:anonymous" cannot get path "/")");
  const json refused = scene.call("GET", "/api/v1/namespaces/default/pods", *nobody);
  CHECK(scene.code == 403);
  CHECK(scene.message == R"(pods is forbidden: User "system:anonymous" cannot list resource "pods")"
                         R"( in API group "" in the namespace "default")");
  CHECK(refused["details"] == json{{"kind", "pods"}});
  CHECK(!scene.with_token("nonsense").has_value());
}

TEST_CASE("Access: a certificate gives its name and all of its organisations",
          "[standalone_access]") {
  Scene scene;
  Credentials given;
  given.certificate.emplace();
  given.certificate->common_name = "jane";
  given.certificate->organisations = {"dev", "ops"};
  auto user = scene.access->authenticate(given);
  REQUIRE(user.has_value());
  CHECK(user->name == "jane");
  CHECK(user->groups == std::vector<std::string>{"dev", "ops", "system:authenticated"});
  given.certificate_expired = true;
  CHECK(!scene.access->authenticate(given).has_value());
}

TEST_CASE("Access: only who may impersonates", "[standalone_access]") {
  Scene scene;
  Credentials given;
  given.certificate.emplace();
  given.certificate->common_name = "jane";
  given.impersonate = {{"user", "system:serviceaccount:default:default"}};
  auto refused = scene.access->authenticate(given);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().message ==
        R"(serviceaccounts "default" is forbidden: User "jane" cannot impersonate resource )"
        R"("serviceaccounts" in API group "" in the namespace "default")");
  given.certificate->organisations = {"system:masters"};
  given.impersonate.emplace_back("extra-a%2fb", "c");
  const auto user = scene.access->authenticate(given);
  REQUIRE(user.has_value());
  CHECK(user->groups == std::vector<std::string>{"system:serviceaccounts",
                                                 "system:serviceaccounts:default",
                                                 "system:authenticated"});
  REQUIRE(user->extra.size() == 1);
  CHECK(user->extra[0].first == "a/b");
}

// ---- tokens -------------------------------------------------------------------------------------

TEST_CASE("Access: a token ends with its time, its pod and its account", "[standalone_access]") {
  Scene scene;
  const json pod = scene.pod("web", "a");
  REQUIRE(scene.code == 201);
  const json bound = {{"boundObjectRef", {{"kind", "Pod"}, {"apiVersion", "v1"}, {"name", "web"}}},
                      {"expirationSeconds", 600}};
  const std::string of_pod = scene.token_for(bound)["status"]["token"];
  const std::string plain = scene.token_for({{"expirationSeconds", 7200}})["status"]["token"];
  const auto user = scene.with_token(of_pod);
  REQUIRE(user.has_value());
  CHECK(user->name == "system:serviceaccount:default:default");
  CHECK(user->extra.size() == 4);  // credential-id, pod-name, pod-uid, node-name
  CHECK(!scene.with_token(of_pod.substr(0, of_pod.size() - 2) + "AA").has_value());

  scene.world.advance(599s);
  CHECK(scene.with_token(of_pod).has_value());
  scene.world.advance(1s);
  CHECK(!scene.with_token(of_pod).has_value());
  const std::string again = scene.token_for(bound)["status"]["token"];
  CHECK(scene.with_token(again).has_value());
  scene.call("DELETE", "/api/v1/namespaces/default/pods/web", kAdmin, {{"gracePeriodSeconds", 0}});
  REQUIRE(scene.code == 200);
  CHECK(!scene.with_token(again).has_value());
  CHECK(scene.with_token(plain).has_value());
  scene.call("DELETE", "/api/v1/namespaces/default/serviceaccounts/default", kAdmin);
  CHECK(!scene.with_token(plain).has_value());
}

TEST_CASE("Access: a token request says what is wrong with it", "[standalone_access]") {
  Scene scene;
  scene.token_for({{"expirationSeconds", 10}});
  CHECK(scene.code == 422);
  CHECK(scene.message.find("may not specify a duration less than 10 minutes") != std::string::npos);
  scene.token_for({{"boundObjectRef", {{"kind", "Pod"}, {"name", "none"}}}});
  CHECK(scene.message == R"(pods "none" not found)");
  scene.token_for({{"boundObjectRef", {{"kind", "ConfigMap"}, {"apiVersion", "v1"}}}});
  CHECK(scene.message == "cannot bind token to object of type /v1, Kind=ConfigMap");
}

TEST_CASE("Access: a token for another audience is none for the API", "[standalone_access]") {
  Scene scene;
  const std::string token = scene.token_for({{"audiences", {"vault"}}})["status"]["token"];
  CHECK(!scene.with_token(token).has_value());
  const auto review = [&](const json& audiences) {
    json spec = {{"token", token}};
    if (!audiences.is_null()) spec["audiences"] = audiences;
    return scene.post("/apis/authentication.k8s.io/v1/tokenreviews", {{"spec", spec}})["status"];
  };
  CHECK(review({"vault", "other"})["audiences"] == json{"vault"});
  CHECK(
      review(nullptr)["error"].get<std::string>().starts_with("[invalid bearer token, token aud"));
}

// ---- rights -------------------------------------------------------------------------------------

TEST_CASE("Access: rights follow roles and bindings at once", "[standalone_access]") {
  Scene scene;
  const std::string pods = "/api/v1/namespaces/default/pods";
  const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/";
  scene.call("GET", pods, kBob);
  CHECK(scene.code == 403);
  const json role = {
      {"metadata", {{"name", "reader"}}},
      {"rules", {{{"verbs", {"list"}}, {"apiGroups", {""}}, {"resources", {"pods"}}}}}};
  const json binding = {{"metadata", {{"name", "bob"}}},
                        {"roleRef", {{"kind", "Role"}, {"name", "reader"}}},
                        {"subjects", {{{"kind", "User"}, {"name", "bob"}}}}};
  scene.post(rbac + "rolebindings", binding);
  REQUIRE(scene.code == 201);
  scene.call("GET", pods, kBob);
  CHECK(scene.message.ends_with(R"(RBAC: role.rbac.authorization.k8s.io "reader" not found)"));
  scene.post(rbac + "roles", role);
  scene.call("GET", pods, kBob);
  CHECK(scene.code == 200);
  scene.call("GET", "/api/v1/pods", kBob);
  CHECK(scene.code == 403);
  scene.call("DELETE", rbac + "rolebindings/bob", kAdmin);
  scene.call("GET", pods, kBob);
  CHECK(scene.code == 403);
}

TEST_CASE("Access: nobody grants what he does not hold", "[standalone_access]") {
  Scene scene;
  const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/";
  const auto role = [](const char* name, const json& rules) {
    return json{{"metadata", {{"name", name}}}, {"rules", rules}};
  };
  const json may_create = {{{"verbs", {"create", "update"}},
                            {"apiGroups", {"rbac.authorization.k8s.io"}},
                            {"resources", {"clusterroles", "clusterrolebindings"}}}};
  const auto binding = [](const char* name, const char* to) {
    return json{{"metadata", {{"name", name}}},
                {"roleRef", {{"kind", "ClusterRole"}, {"name", to}}},
                {"subjects", {{{"kind", "User"}, {"name", "bob"}}}}};
  };
  scene.post(rbac + "clusterroles", role("granter", may_create));
  scene.post(rbac + "clusterrolebindings", binding("granter", "granter"));
  REQUIRE(scene.code == 201);
  const json pods = {{{"verbs", {"get"}}, {"apiGroups", {""}}, {"resources", {"pods"}}}};
  scene.post(rbac + "clusterroles", role("x", pods), kBob);
  CHECK(scene.code == 403);
  CHECK(scene.message ==
        "clusterroles.rbac.authorization.k8s.io \"x\" is forbidden: user \"bob\" "
        "(groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently "
        "held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}");
  scene.post(rbac + "clusterroles", role("y", may_create), kBob);
  CHECK(scene.code == 201);
  scene.post(rbac + "clusterrolebindings", binding("z", "cluster-admin"), kBob);
  CHECK(scene.code == 403);
  scene.post(rbac + "clusterrolebindings", binding("z", "none"), kBob);
  CHECK(scene.code == 404);
  scene.call("PUT", rbac + "clusterrolebindings/granter", kAdmin, binding("granter", "view"));
  CHECK(scene.message.ends_with("cannot change roleRef"));
}

TEST_CASE("Access: reviews answer as the authoriser decides", "[standalone_access]") {
  Scene scene;
  const std::string path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const json spec = {{"user", "bob"},
                     {"groups", {"system:authenticated"}},
                     {"nonResourceAttributes", {{"verb", "get"}, {"path", "/api"}}}};
  CHECK(scene.post(path, {{"spec", spec}})["status"] ==
        json{{"allowed", true},
             {"reason",
              "RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole "
              "\"system:discovery\" to Group \"system:authenticated\""}});
  scene.post(path, {{"spec", json::object()}});
  CHECK(scene.code == 422);
  const json own = scene.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                              {{"spec", {{"namespace", "default"}}}}, kBob);
  CHECK(scene.code == 201);
  CHECK(own["status"]["resourceRules"].size() == 2);
  CHECK(own["status"]["nonResourceRules"].size() == 2);
  const json who =
      scene.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json::object(), kBob);
  CHECK(who["status"]["userInfo"]["username"] == "bob");
}

// ---- nodes --------------------------------------------------------------------------------------

TEST_CASE("Access: a node reads what its pods refer to, and writes what is its own",
          "[standalone_access]") {
  Scene scene;
  for (const char* name : {"mine-secret", "theirs-secret"}) {
    scene.post("/api/v1/namespaces/default/secrets", {{"metadata", {{"name", name}}}});
  }
  const std::string uid = scene.pod("mine", "a")["metadata"]["uid"];
  scene.pod("theirs", "b");
  const std::string ns = "/api/v1/namespaces/default/";
  const json label = {{"metadata", {{"labels", {{"app", "x"}}}}}};
  const json isolation = {{"metadata", {{"labels", {{"node-restriction.kubernetes.io/x", "y"}}}}}};
  const json taint = {{"spec", {{"taints", {{{"key", "a"}, {"effect", "NoSchedule"}}}}}}};
  const json lease = {{"metadata", {{"name", "b"}}}};
  const json status = {{"status", {{"message", "x"}}}};
  struct Row {
    const char* method;
    std::string path;
    json body;
    int code;
    const char* end;
  };
  const Row kTable[] = {
      {"GET", ns + "secrets/mine-secret", nullptr, 200, ""},
      {"GET", ns + "secrets/theirs-secret", nullptr, 403,
       "no relationship found between node 'a' and this object"},
      {"GET", ns + "secrets", nullptr, 403, "No Object name found"},
      {"GET", ns + "pods/mine", nullptr, 200, ""},
      {"GET", ns + "pods/theirs", nullptr, 403, "and this object"},
      {"GET", "/api/v1/pods", nullptr, 403,
       "can only list/watch pods with spec.nodeName field selector"},
      {"GET", "/api/v1/pods?fieldSelector=spec.nodeName=a", nullptr, 200, ""},
      {"POST",
       "/api/v1/nodes",
       {{"metadata", {{"name", "b"}}}},
       403,
       R"(node "a" is not allowed to modify node "b")"},
      {"POST", "/api/v1/nodes", {{"metadata", {{"name", "a"}}}}, 201, ""},
      {"PATCH", "/api/v1/nodes/a", label, 200, ""},
      {"PATCH", "/api/v1/nodes/a", isolation, 403,
       "is not allowed to modify labels: node-restriction.kubernetes.io/x"},
      {"PATCH", "/api/v1/nodes/a", taint, 403, R"(node "a" is not allowed to modify taints)"},
      {"GET", "/api/v1/nodes/b", nullptr, 403,
       "node 'a' cannot read 'b', only its own Node object"},
      {"DELETE", "/api/v1/nodes/a", nullptr, 403, "at the cluster scope"},
      {"POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", lease, 403,
       "can only access node lease with the same name as the requesting node"},
      {"PATCH", ns + "pods/mine/status", status, 200, ""},
      {"PATCH", ns + "pods/theirs/status", status, 403,
       R"(node "a" can only update pod status for pods with spec.nodeName set to itself)"},
      {"DELETE", ns + "pods/theirs", nullptr, 403,
       R"(node "a" can only delete pods with spec.nodeName set to itself)"},
      {"PATCH", ns + "pods/mine", label, 403, R"(in the namespace "default")"},
  };
  for (const Row& row : kTable) {
    INFO(row.method << " " << row.path);
    scene.call(row.method, row.path, kNodeA, row.body);
    CHECK(scene.code == row.code);
    CHECK_THAT(scene.message, Catch::Matchers::EndsWith(row.end));
  }
  const auto bound = [](const char* name, const std::string& uid) {
    return json{
        {"boundObjectRef", {{"kind", "Pod"}, {"apiVersion", "v1"}, {"name", name}, {"uid", uid}}}};
  };
  scene.token_for(json::object(), kNodeA);
  CHECK(scene.message.ends_with("node requested token not bound to a pod"));
  scene.token_for(bound("mine", ""), kNodeA);
  CHECK(scene.message.ends_with("node requested token with a pod binding without a uid"));
  scene.token_for(bound("mine", uid), kNodeA);
  CHECK(scene.code == 201);
}

// ---- certificate requests -----------------------------------------------------------------------

json certificate_request(const std::string& subject) {
  const std::string pem = *tls::make_request(*tls::make_key(), subject);
  return {{"metadata", {{"name", subject}}},
          {"spec",
           {{"request", encode_base64(pem)},
            {"username", "somebody else"},
            {"signerName", "kubernetes.io/kube-apiserver-client"},
            {"usages", {"client auth"}}}}};
}

TEST_CASE("Access: a certificate request carries who asked, and only approvers decide",
          "[standalone_access]") {
  Scene scene;
  const std::string path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  json made = scene.post(path, certificate_request("jane"));
  REQUIRE(scene.code == 201);
  CHECK(made["spec"]["username"] == "admin");
  made["status"]["conditions"] = {
      {{"type", "Approved"}, {"status", "True"}, {"reason", "x"}, {"message", "y"}}};
  scene.call("PUT", path + "/jane/approval", kBob, made);
  CHECK(scene.code == 403);
  scene.call("PUT", path + "/jane/status", kAdmin, made);
  CHECK(!scene.call("GET", path + "/jane", kAdmin)["status"].contains("conditions"));
  made = scene.call("GET", path + "/jane", kAdmin);
  made["status"]["conditions"] = {
      {{"type", "Approved"}, {"status", "True"}, {"reason", "x"}, {"message", "y"}}};
  const json approved = scene.call("PUT", path + "/jane/approval", kAdmin, made);
  CHECK(scene.code == 200);
  CHECK(approved["status"]["conditions"][0]["type"] == "Approved");
  CHECK(signed_request(approved).refused.empty());
  CHECK(signed_request(approved).order.common_name == "jane");
  json nonsense = certificate_request("x");
  nonsense["spec"]["request"] = encode_base64("hello");
  scene.post(path, nonsense);
  CHECK(scene.code == 422);
}

TEST_CASE("CertificateSigner: signs for nodes only what is a node's", "[standalone_access]") {
  json request = certificate_request("system:node:a");
  request["spec"]["signerName"] = "kubernetes.io/kube-apiserver-client-kubelet";
  CHECK(signed_request(request).refused == "subject organization is not system:nodes");
  request = certificate_request("jane");
  request["spec"]["usages"] = {"server auth"};
  CHECK(signed_request(request).refused == "usages did not match expected: server auth");
}

}  // namespace
}  // namespace skerry::standalone
