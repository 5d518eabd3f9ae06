#include "edgecore/metamanager/store.h"

#include "common/base/units.h"
#include "tests/unit/metamanager/store_fixture.h"

using namespace skerry;
using namespace skerry::metamanager;
using k8s::Kind;

namespace {
const ObjectKey kWeb = key_of(Kind::kPod, "web");
const ObjectKey kConfig = key_of(Kind::kConfigMap, "settings");

lane::TokenGrant grant_of(const std::string& pod, const std::string& token) {
  lane::TokenGrant grant;
  grant.slot = {Uid(pod), "kube-api-access", "token"};
  grant.token = token;
  grant.issued = WallTime(std::chrono::seconds(1000));
  grant.expires = WallTime(std::chrono::seconds(4600));
  return grant;
}
}  // namespace

TEST_CASE("Store: an object comes back as it was stored, also after a restart", "[metamanager]") {
  StoreOnDisk s;
  const ObjectPtr pod = object_of(kWeb, "u1", R"({"a":1.0,"b":"ä"})", 1ull << 63);
  s.commit(changes({upsert_of(pod)}));
  for (int i = 0; i < 2; ++i) {
    const auto got = s.store->get(kWeb).value();
    REQUIRE(got);
    CHECK(*got->object->json == *pod->json);
    CHECK(got->object->version == pod->version);
    CHECK(got->object->uid == Uid("u1"));
    CHECK(got->object->resource_version == ResourceVersion(1ull << 63));
    CHECK(got->refused_code.empty());
    CHECK(s.store->list(Kind::kPod).value().size() == 1);
    CHECK(s.store->list(Kind::kSecret).value().empty());
    REQUIRE(s.store->content().size() == 1);
    CHECK(s.store->content()[0].version == pod->version);
    s.reopen();
  }
}

TEST_CASE("Store: identical uid and version write nothing", "[metamanager]") {
  StoreOnDisk s;
  CHECK(s.writes_of(changes({upsert_of(object_of(kWeb, "u1", "{}"))})) > 0);
  CHECK(s.writes_of(changes({upsert_of(object_of(kWeb, "u1", "{}", 99))})) == 0);
  CHECK(s.writes_of(Batch()) == 0);
  CHECK(s.writes_of(changes({remove_of(kWeb, "another")})) == 0);
  CHECK(s.writes_of(changes({remove_of(kConfig, "u1")})) == 0);
  CHECK(s.store->seen().at(Kind::kPod) == ResourceVersion(99));
}

TEST_CASE("Store: a pod with another uid pushes the old one to terminating", "[metamanager]") {
  StoreOnDisk s;
  s.commit(changes({upsert_of(object_of(kWeb, "u1", R"({"n":1})"))}));
  s.commit(changes({upsert_of(object_of(kWeb, "u2", R"({"n":2})"))}));
  for (int i = 0; i < 2; ++i) {
    CHECK(s.store->get(kWeb).value()->object->uid == Uid("u2"));
    const auto ending = s.store->terminating().value();
    REQUIRE(ending.size() == 1);
    CHECK(ending[0].pod->uid == Uid("u1"));
    CHECK(*ending[0].pod->json == R"({"n":1})");
    CHECK(s.store->content().size() == 1);
    s.reopen();
  }
}

TEST_CASE("Store: a removed pod terminates, other kinds just go", "[metamanager]") {
  StoreOnDisk s;
  s.commit(
      changes({upsert_of(object_of(kWeb, "u1", "{}")), upsert_of(object_of(kConfig, "c1", "{}"))}));
  s.commit(changes({remove_of(kWeb, "u1"), remove_of(kConfig, "c1")}));
  CHECK(s.store->content().empty());
  CHECK_FALSE(s.store->get(kWeb).value());
  CHECK(s.store->terminating().value().size() == 1);
  s.reopen();
  CHECK(s.store->content().empty());
  CHECK(s.store->terminating().value().size() == 1);
  Batch done;
  done.finalised = {Uid("u1")};
  s.commit(done);
  CHECK(s.store->terminating().value().empty());
  CHECK(s.writes_of(done) == 0);
}

TEST_CASE("Store: a Remove for an older uid does not touch the new pod", "[metamanager]") {
  StoreOnDisk s;
  s.commit(changes({upsert_of(object_of(kWeb, "u2", "{}"))}));
  s.commit(changes({remove_of(kWeb, "u1")}));
  CHECK(s.store->get(kWeb).value()->object->uid == Uid("u2"));
  CHECK(s.store->terminating().value().empty());
}

TEST_CASE("Store: changes of one batch happen in their order", "[metamanager]") {
  StoreOnDisk s;
  s.commit(changes({upsert_of(object_of(kWeb, "u1", "{}")), remove_of(kWeb, "u1"),
                    upsert_of(object_of(kWeb, "u2", "{}")),
                    upsert_of(object_of(kConfig, "c", "{}")), remove_of(kConfig, "c")}));
  REQUIRE(s.store->content().size() == 1);
  CHECK(s.store->content()[0].uid == Uid("u2"));
  CHECK(s.store->terminating().value().size() == 1);
}

TEST_CASE("Store: a refused object counts in the content until it is accepted", "[metamanager]") {
  StoreOnDisk s;
  ObjectChange refused = upsert_of(object_of(kWeb, "u1", "{}"));
  refused.upsert.refused_code = "Unsupported";
  refused.upsert.refused_reason = "hostPID";
  s.commit(changes({refused}));
  CHECK(s.writes_of(changes({refused})) == 0);
  s.reopen();
  CHECK(s.store->content().size() == 1);
  CHECK(s.store->get(kWeb).value()->refused_code == "Unsupported");
  CHECK(s.store->get(kWeb).value()->refused_reason == "hostPID");
  s.commit(changes({upsert_of(object_of(kWeb, "u1", "{}"))}));  // a newer agent takes it
  CHECK(s.store->get(kWeb).value()->refused_code.empty());
}

TEST_CASE("Store: a pod that was finalised before its Remove goes at once", "[metamanager]") {
  StoreOnDisk s;
  s.commit(changes({upsert_of(object_of(kWeb, "u1", "{}"), "{\"phase\":\"Running\"}")}));
  Batch done;
  done.finalised = {Uid("u1")};
  s.commit(done);
  CHECK(s.writes_of(done) == 0);
  CHECK_FALSE(s.store->status_seed(Uid("u1")).value());
  s.reopen();
  CHECK(s.store->content().size() == 1);  // the cloud still wants it
  CHECK(s.store->get(kWeb).value()->finalised);
  s.commit(changes({upsert_of(object_of(kWeb, "u1", R"({"changed":1})"))}));
  CHECK(s.store->get(kWeb).value()->finalised);
  s.commit(changes({remove_of(kWeb, "u1")}));
  CHECK(s.store->content().empty());
  CHECK(s.store->terminating().value().empty());
}

TEST_CASE("Store: a status seed lasts until edged stores a state of its own", "[metamanager]") {
  StoreOnDisk s;
  s.commit(changes({upsert_of(object_of(kWeb, "u1", "{}"), "first")}));
  s.commit(changes({upsert_of(object_of(kWeb, "u1", R"({"v":2})"), "second")}));
  s.reopen();
  CHECK(s.store->status_seed(Uid("u1")).value() == "first");
  Batch state;
  state.pod_states = {{Uid("u1"), R"({"restarts":3})"}};
  s.commit(state);
  CHECK(s.writes_of(state) == 0);
  CHECK_FALSE(s.store->status_seed(Uid("u1")).value());
  s.commit(changes({upsert_of(object_of(kWeb, "u1", R"({"v":3})"), "third")}));
  CHECK_FALSE(s.store->status_seed(Uid("u1")).value());
  s.reopen();
  CHECK(s.store->pod_state(Uid("u1")).value()->json == R"({"restarts":3})");
  CHECK_FALSE(s.store->pod_state(Uid("u2")).value());
}

TEST_CASE("Store: tokens are kept by slot and go with their pod", "[metamanager]") {
  StoreOnDisk s;
  Batch batch = changes({upsert_of(object_of(kWeb, "u1", "{}"))});
  batch.tokens = {grant_of("u1", "first"), grant_of("u2", "other")};
  s.commit(batch);
  CHECK(s.writes_of(batch) == 0);
  Batch renewed;
  renewed.tokens = {grant_of("u1", "second"), grant_of("u1", "")};  // the latter was refused
  s.commit(renewed);
  s.reopen();
  const auto token = s.store->token({Uid("u1"), "kube-api-access", "token"}).value();
  REQUIRE(token);
  CHECK(token->token == "second");
  CHECK(token->expires == WallTime(std::chrono::seconds(4600)));
  CHECK_FALSE(s.store->token({Uid("u1"), "kube-api-access", "vault"}).value());
  Batch done;
  done.finalised = {Uid("u1")};
  s.commit(done);
  CHECK_FALSE(s.store->token({Uid("u1"), "kube-api-access", "token"}).value());
  CHECK(s.store->token({Uid("u2"), "kube-api-access", "token"}).value());
}

TEST_CASE("Store: identity, cluster and highest resource versions survive", "[metamanager]") {
  StoreOnDisk s;
  const StoreId id = s.store->id();
  CHECK(id.str().size() == 32);
  CHECK(s.store->cluster().empty());
  Batch batch = changes(
      {upsert_of(object_of(kWeb, "u1", "{}", 500)), upsert_of(object_of(kConfig, "c", "{}", 700))});
  batch.cluster = ClusterId("cluster-a");
  s.commit(batch);
  s.commit(changes({remove_of(kConfig, "c")}));
  s.reopen();
  CHECK(s.store->id() == id);
  CHECK(s.store->cluster() == ClusterId("cluster-a"));
  CHECK(s.store->seen() == std::map<Kind, ResourceVersion>{{Kind::kConfigMap, ResourceVersion(700)},
                                                           {Kind::kPod, ResourceVersion(500)}});
  Batch other;
  other.cluster = ClusterId("cluster-b");
  s.commit(other);
  CHECK(s.writes_of(other) == 0);
  s.reopen();
  CHECK(s.store->cluster() == ClusterId("cluster-b"));
  CHECK(s.store->seen().empty());  // another cluster counts from its own beginning
}

TEST_CASE("Store: the time floor rises, and alone it is written only every 6 h", "[metamanager]") {
  StoreOnDisk s;
  const WallTime start(std::chrono::hours(24 * 20000));
  const auto at = [&](Duration later) {
    Batch batch;
    batch.time_floor = start + std::chrono::duration_cast<WallTime::duration>(later);
    return batch;
  };
  CHECK(s.writes_of(at(0h)) > 0);
  CHECK(s.writes_of(at(5h)) == 0);
  CHECK(s.store->time_floor() == start + 5h);
  CHECK(s.writes_of(at(1h)) == 0);  // never back
  CHECK(s.store->time_floor() == start + 5h);
  CHECK(s.writes_of(at(6h)) > 0);
  CHECK(s.writes_of(at(7h)) == 0);
  s.commit(changes({upsert_of(object_of(kWeb, "u1", "{}"))}));  // takes it along
  s.reopen();
  CHECK(s.store->time_floor() == start + 7h);
}

TEST_CASE("Batch: what is appended happens after", "[metamanager]") {
  StoreOnDisk s;
  Batch first = changes({upsert_of(object_of(kWeb, "u1", "{}"))});
  first.cluster = ClusterId("a");
  first.time_floor = WallTime(20h);
  Batch second = changes({remove_of(kWeb, "u1")});
  second.cluster = ClusterId("b");
  second.time_floor = WallTime(10h);
  second.finalised = {Uid("u1")};
  CHECK(Batch().empty());
  CHECK_FALSE(first.empty());
  first.append(std::move(second));
  s.commit(first);
  CHECK(s.store->content().empty());
  CHECK(s.store->terminating().value().empty());
  CHECK(s.store->cluster() == ClusterId("b"));
  CHECK(s.store->time_floor() == WallTime(20h));
}

TEST_CASE("Store: an object of the largest size passes", "[metamanager]") {
  StoreOnDisk s;
  const std::string json(kObjectBytesMax, 'x');
  s.commit(changes({upsert_of(object_of(kConfig, "c", json))}));
  s.reopen();
  CHECK(*s.store->get(kConfig).value()->object->json == json);
}
