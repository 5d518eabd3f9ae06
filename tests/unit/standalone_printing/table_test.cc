#include "cloudcore/standalone/printing/table.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/printing/human_duration.h"
#include "common/k8s/time.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::standalone;
using nlohmann::json;

namespace {

const WallTime kNow = *k8s::parse_time("2026-01-02T12:00:00Z");

KindRow row_of(const char* prefix) {
  for (const KindRow& row : built_in_kinds()->rows) {
    if (row.storage_prefix == prefix) return row;
  }
  FAIL(prefix);
  return {};
}

std::vector<std::string> columns_of(const char* prefix) {
  std::vector<std::string> out;
  const json columns = json::parse(table_columns(row_of(prefix)));
  for (const json& each : columns) {
    out.push_back(each["name"].get<std::string>() + (each["priority"] == 1 ? "*" : ""));
  }
  return out;
}

/// The object with a name and an age of five minutes.
json named(const char* text) {
  json object = json::parse(text);
  object["metadata"]["name"] = "x";
  object["metadata"]["creationTimestamp"] = "2026-01-02T11:55:00Z";
  return object;
}

}  // namespace

TEST_CASE("Table: ages are Kubernetes' own", "[standalone_printing]") {
  const std::pair<std::int64_t, const char*> cases[] = {
      {-2, "<invalid>"},
      {-1, "0s"},
      {0, "0s"},
      {119, "119s"},
      {120, "2m"},
      {200, "3m20s"},
      {605, "10m"},
      {10799, "179m"},
      {10800, "3h"},
      {3 * 3600 + 60, "3h1m"},
      {8 * 3600, "8h"},
      {47 * 3600, "47h"},
      {48 * 3600, "2d"},
      {49 * 3600, "2d1h"},
      {8 * 86400, "8d"},
      {729 * 86400, "729d"},
      {731 * 86400, "2y1d"},
      {3000LL * 86400, "8y"},
  };
  for (const auto& [seconds, text] : cases) {
    CHECK(human_duration(std::chrono::seconds(seconds)) == text);
  }
  CHECK(human_age("", kNow) == "<unknown>");
}

TEST_CASE("Table: a pod's word, readiness and restarts", "[standalone_printing]") {
  struct Case {
    const char* pod;
    const char* ready;
    const char* word;
    const char* restarts;
  };
  const Case cases[] = {
      {R"({"spec":{"containers":[{}]},"status":{"phase":"Pending"}})", "0/1", "Pending", "0"},
      {R"({"spec":{"containers":[{},{}]},"status":{"phase":"Running","containerStatuses":[
          {"ready":true,"state":{"running":{}},"restartCount":1,
           "lastState":{"terminated":{"finishedAt":"2026-01-02T11:55:00Z"}}},
          {"ready":false,"state":{"running":{}},"restartCount":2}]}})",
       "1/2", "Running", "3 (5m ago)"},
      {R"({"spec":{"containers":[{}]},"status":{"phase":"Pending","containerStatuses":[
          {"state":{"waiting":{"reason":"ContainerCreating"}}}]}})",
       "0/1", "ContainerCreating", "0"},
      {R"({"spec":{"containers":[{}]},"status":{"phase":"Running","containerStatuses":[
          {"restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}})",
       "0/1", "CrashLoopBackOff", "4"},
      {R"({"spec":{"containers":[{}]},"status":{"phase":"Succeeded","containerStatuses":[
          {"state":{"terminated":{"reason":"Completed","exitCode":0}}}]}})",
       "0/1", "Completed", "0"},
      {R"({"spec":{"containers":[{}]},"status":{"phase":"Failed","containerStatuses":[
          {"state":{"terminated":{"exitCode":3}}}]}})",
       "0/1", "ExitCode:3", "0"},
      {R"({"spec":{"containers":[{}]},"status":{"phase":"Failed","containerStatuses":[
          {"state":{"terminated":{"exitCode":137,"signal":9}}}]}})",
       "0/1", "Signal:9", "0"},
      {R"({"spec":{"containers":[{}],"initContainers":[{"name":"a"},{"name":"b"}]},
          "status":{"phase":"Pending","initContainerStatuses":[
          {"name":"a","state":{"terminated":{"exitCode":0}}},
          {"name":"b","state":{"waiting":{"reason":"PodInitializing"}}}]}})",
       "0/1", "Init:1/2", "0"},
      {R"({"spec":{"containers":[{}],"initContainers":[{"name":"a"}]},
          "status":{"phase":"Pending","initContainerStatuses":[
          {"name":"a","restartCount":2,"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]}})",
       "0/1", "Init:Error", "2"},
      {R"({"spec":{"containers":[{}],"initContainers":[{"name":"a","restartPolicy":"Always"}]},
          "status":{"phase":"Running","initContainerStatuses":[
          {"name":"a","started":true,"ready":true,"state":{"running":{}}}],
          "containerStatuses":[{"ready":true,"state":{"running":{}}}]}})",
       "2/2", "Running", "0"},
      {R"({"spec":{"containers":[{},{}]},"status":{"phase":"Running","conditions":[
          {"type":"Ready","status":"False"}],"containerStatuses":[
          {"state":{"terminated":{"reason":"Completed"}}},{"ready":true,"state":{"running":{}}}]}})",
       "1/2", "NotReady", "0"},
      {R"({"metadata":{"deletionTimestamp":"2026-01-02T11:59:00Z"},"spec":{"containers":[{}]},
          "status":{"phase":"Running"}})",
       "0/1", "Terminating", "0"},
      {R"({"metadata":{"deletionTimestamp":"2026-01-02T11:59:00Z"},"spec":{"containers":[{}]},
          "status":{"phase":"Running","reason":"NodeLost"}})",
       "0/1", "Unknown", "0"},
      {R"({"spec":{"containers":[{}]},"status":{"phase":"Failed","reason":"Evicted"}})", "0/1",
       "Evicted", "0"},
      {R"({"spec":{"containers":[{}]},"status":{"phase":"Pending","conditions":[
          {"type":"PodScheduled","reason":"SchedulingGated"}]}})",
       "0/1", "SchedulingGated", "0"},
  };
  const KindRow row = row_of("pods");
  for (const Case& each : cases) {
    INFO(each.pod);
    const json cells = table_cells(row, named(each.pod), kNow);
    CHECK(cells == json({"x", each.ready, each.word, each.restarts, "5m", "<none>", "<none>",
                         "<none>", "<none>"}));
  }
}

TEST_CASE("Table: cells of other kinds", "[standalone_printing]") {
  struct Case {
    const char* prefix;
    const char* object;
    const char* cells;
  };
  const Case cases[] = {
      {"deployments.apps",
       R"({"spec":{"replicas":3,"selector":{"matchLabels":{"b":"1"},"matchExpressions":[
          {"key":"a","operator":"NotIn","values":["z","y"]},{"key":"c","operator":"Exists"}]},
          "template":{"spec":{"containers":[{"name":"m","image":"i:1"},{"name":"n","image":"j"}]}}},
          "status":{"readyReplicas":1,"updatedReplicas":3,"availableReplicas":2}})",
       R"(["x","1/3",3,2,"5m","m,n","i:1,j","a notin (y,z),b=1,c"])"},
      {"nodes",
       R"({"metadata":{"labels":{"node-role.kubernetes.io/edge":"","kubernetes.io/role":"agent"}},
          "spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],
          "addresses":[{"type":"InternalIP","address":"10.0.0.1"}],
          "nodeInfo":{"kubeletVersion":"v1.34.4","osImage":"Debian","kernelVersion":"6.1"}}})",
       R"(["x","Ready,SchedulingDisabled","agent,edge","5m","v1.34.4","10.0.0.1","<none>","Debian",
          "6.1","<unknown>"])"},
      {"services",
       R"({"spec":{"type":"NodePort","clusterIPs":["10.96.0.9"],"selector":{"app":"web"},
          "ports":[{"port":80,"nodePort":30080,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}})",
       R"(["x","NodePort","10.96.0.9","<none>","80:30080/TCP,53/UDP","5m","app=web"])"},
      {"configmaps", R"({"data":{"a":"1"},"binaryData":{"b":""}})", R"(["x",2,"5m"])"},
      {"jobs.batch",
       R"({"spec":{"parallelism":3},"status":{"succeeded":1,"startTime":"2026-01-02T11:58:00Z"}})",
       R"(["x","Running","1/1 of 3","2m","5m","","","<none>"])"},
      {"cronjobs.batch", R"({"spec":{"schedule":"* * * * *","suspend":false}})",
       R"(["x","* * * * *","<none>","False",0,"<none>","5m","","","<none>"])"},
      {"events",
       R"({"involvedObject":{"kind":"Pod","name":"p"},"reason":"Pulled","type":"Normal",
          "message":"done\n","source":{"component":"edged","host":"n"},
          "firstTimestamp":"2026-01-02T11:00:00Z","lastTimestamp":"2026-01-02T11:59:50Z","count":7})",
       R"(["10s","Normal","Pulled","pod/p","","edged, n","done","60m",7,"x"])"},
      {"persistentvolumeclaims",
       R"({"spec":{"volumeName":"v","storageClassName":"s","volumeMode":"Filesystem"},
          "status":{"phase":"Bound","capacity":{"storage":"1Gi"},
          "accessModes":["ReadWriteMany","ReadWriteOnce"]}})",
       R"(["x","Bound","v","1Gi","RWO,RWX","s","<unset>","5m","Filesystem"])"},
      {"endpoints",
       R"({"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],
          "ports":[{"port":80},{"port":443}]}]})",
       R"(["x","10.0.0.1:80,10.0.0.1:443,[fd00::1]:80 + 1 more...","5m"])"},
      {"roles.rbac.authorization.k8s.io", R"({})", R"(["x","2026-01-02T11:55:00Z"])"},
  };
  for (const Case& each : cases) {
    INFO(each.prefix);
    CHECK(table_cells(row_of(each.prefix), named(each.object), kNow) == json::parse(each.cells));
  }
}

TEST_CASE("Table: as many cells as columns, whatever the object lacks", "[standalone_printing]") {
  for (const KindRow& row : built_in_kinds()->rows) {
    INFO(row.storage_prefix);
    const json columns = json::parse(table_columns(row));
    CHECK(table_cells(row, json::object(), kNow).size() == columns.size());
    CHECK(
        table_cells(row, json::parse(R"({"metadata":7,"spec":[],"status":"x"})"), kNow).is_array());
  }
}

TEST_CASE("Table: names of columns, the wide ones marked", "[standalone_printing]") {
  CHECK(columns_of("pods") == std::vector<std::string>{"Name", "Ready", "Status", "Restarts", "Age",
                                                       "IP*", "Node*", "Nominated Node*",
                                                       "Readiness Gates*"});
  CHECK(columns_of("events") == std::vector<std::string>{"Last Seen", "Type", "Reason", "Object",
                                                         "Subobject*", "Source*", "Message",
                                                         "First Seen*", "Count*", "Name*"});
  CHECK(columns_of("roles.rbac.authorization.k8s.io") ==
        std::vector<std::string>{"Name", "Created At"});
}

TEST_CASE("Table: an autoscaler shows what each metric is and should be", "[standalone_printing]") {
  const KindRow row = row_of("horizontalpodautoscalers.autoscaling");
  json object = json::parse(R"({"metadata": {"name": "x"}, "spec": {"maxReplicas": 5,
    "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "metrics": [
      {"type": "Resource", "resource": {"name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 80}}},
      {"type": "External", "external": {"metric": {"name": "q"},
        "target": {"type": "AverageValue", "averageValue": "3"}}},
      {"type": "Pods", "pods": {"metric": {"name": "p"},
        "target": {"type": "AverageValue", "averageValue": "10"}}}]},
    "status": {"currentReplicas": 2, "currentMetrics": [
      {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 20}}}]}})");
  const json cells = table_cells(row, object, kNow);
  CHECK(cells[1] == "Deployment/web");
  CHECK(cells[2] == "cpu: 20%/80%, <unknown>/3 (avg) + 1 more...");
  CHECK(cells[3] == "<unset>");
  CHECK(cells[4] == 5);
  CHECK(cells[5] == 2);
}

TEST_CASE("Table: a row carries as much of its object as was asked for", "[standalone_printing]") {
  const KindRow row = row_of("pods");
  const std::string pod = R"({"metadata":{"name":"x"},"status":{"phase":"Succeeded"}})";
  const json none =
      json::parse(table_row(row, pod, RowOptions{IncludeObject::kNone, "m/v1"}, kNow));
  CHECK(none["object"].is_null());
  CHECK(none["conditions"][0]["reason"] == "Succeeded");
  const json all =
      json::parse(table_row(row, pod, RowOptions{IncludeObject::kObject, "m/v1"}, kNow));
  CHECK(all["object"] == json::parse(pod));
  const json part =
      json::parse(table_row(row, pod, RowOptions{IncludeObject::kMetadata, "m/v1"}, kNow));
  CHECK(part["object"] == json::parse(R"({"kind":"PartialObjectMetadata","apiVersion":"m/v1",
                                          "metadata":{"name":"x"}})"));
}

TEST_CASE("Representation: the first that can be made, by quality", "[standalone_printing]") {
  const std::string table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const std::pair<std::string, Form> cases[] = {
      {"", Form::kObject},
      {"*/*", Form::kObject},
      {table, Form::kTable},
      {"application/json; as=Table; g=meta.k8s.io; v=v1beta1", Form::kTable},
      {table + ",application/json", Form::kTable},
      {"application/json," + table, Form::kObject},
      {table + ";q=0.5,application/json;q=0.9", Form::kObject},
      {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
       "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
       Form::kPartialMetadata},
      {"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
       Form::kPartialMetadataList},
      {"application/json;as=Table;v=v2;g=meta.k8s.io", Form::kObject},
      {"application/vnd.kubernetes.protobuf", Form::kObject},
  };
  for (const auto& [accept, form] : cases) {
    INFO(accept);
    CHECK(representation(accept).form == form);
  }
  CHECK(representation("application/json;as=Table;v=v1beta1;g=meta.k8s.io").api_version ==
        "meta.k8s.io/v1beta1");
  CHECK_FALSE(include_object("Foo"));
}
