// A pod as edged reads it: the contract of this release, parsed once from the stored canonical
// JSON. What is not here is either without effect at a node or refused by admit(). Pure; values
// only. Source: Kubernetes API v1 (core/v1 types), 1.34.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/k8s/object.h"

namespace skerry::edged {

using StringMap = std::map<std::string, std::string>;
using Seconds = std::chrono::seconds;

// ---- references ------------------------------------------------------------------------------

struct FieldRef {
  std::string path;  // "metadata.name", "metadata.labels['app']", "status.podIP"
};
struct ResourceFieldRef {
  std::string container;  // empty: the container that has the variable
  std::string resource;   // "limits.memory"
  std::string divisor;    // quantity; empty or "0": 1
};
struct ConfigMapKeyRef {
  std::string name;
  std::string key;
  bool optional = false;
};
struct SecretKeyRef {
  std::string name;
  std::string key;
  bool optional = false;
};

struct EnvVar {
  std::string name;
  std::string value;  // used when `from` is monostate; may hold $(VAR)
  std::variant<std::monostate, FieldRef, ResourceFieldRef, ConfigMapKeyRef, SecretKeyRef> from;
};
struct EnvFrom {
  enum class Source : std::uint8_t { kConfigMap, kSecret };
  Source source = Source::kConfigMap;
  std::string prefix;
  std::string name;
  bool optional = false;
};

// ---- volumes ---------------------------------------------------------------------------------

/// One file of a volume that is made from keys.
struct KeyToPath {
  std::string key;
  std::string path;
  std::optional<int> mode;
};
struct ConfigMapVolume {
  std::string name;
  std::vector<KeyToPath> items;  // empty: all keys
  bool optional = false;
};
struct SecretVolume {
  std::string name;
  std::vector<KeyToPath> items;
  bool optional = false;
};
struct DownwardItem {
  std::string path;
  std::optional<int> mode;
  std::variant<FieldRef, ResourceFieldRef> from;
};
struct DownwardVolume {
  std::vector<DownwardItem> items;
};
struct TokenVolume {
  std::string audience;  // empty: the API server's
  Seconds expiration{3600};
  std::string path;  // lane::TokenSlot.path
};
using ProjectedSource = std::variant<ConfigMapVolume, SecretVolume, DownwardVolume, TokenVolume>;
struct ProjectedVolume {
  std::vector<ProjectedSource> sources;
};
struct EmptyDirVolume {
  bool memory = false;
  std::string size_limit;  // quantity; empty: none
};
struct HostPathVolume {
  std::string path;
  std::string type;  // "", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket", ...
};
struct VolumeSpec {
  std::string name;
  int default_mode = 0644;  // configMap, secret, downwardAPI, projected
  std::variant<EmptyDirVolume,
               HostPathVolume,
               ConfigMapVolume,
               SecretVolume,
               DownwardVolume,
               ProjectedVolume>
      source;
};

struct VolumeMount {
  enum class Propagation : std::uint8_t { kNone, kHostToContainer, kBidirectional };
  std::string name;
  std::string mount_path;
  std::string sub_path;
  std::string sub_path_expr;  // with $(VAR)
  bool read_only = false;
  Propagation propagation = Propagation::kNone;
};

// ---- probes and hooks ------------------------------------------------------------------------

struct ExecAction {
  std::vector<std::string> command;
};
struct HttpGetAction {
  std::string host;  // empty: the pod's ip
  std::string path = "/";
  std::string port;  // number or the name of a container port
  bool https = false;
  std::vector<std::pair<std::string, std::string>> headers;
};
struct TcpAction {
  std::string host;
  std::string port;
};
struct GrpcAction {
  int port = 0;
  std::string service;
};

struct Probe {
  std::variant<ExecAction, HttpGetAction, TcpAction, GrpcAction> action;
  Seconds initial_delay{0};
  Seconds timeout{1};
  Seconds period{10};
  int success_threshold = 1;
  int failure_threshold = 3;
  std::optional<Seconds> termination_grace;
};

struct SleepAction {
  Seconds duration{0};
};
using LifecycleHandler = std::variant<ExecAction, HttpGetAction, TcpAction, SleepAction>;

// ---- containers ------------------------------------------------------------------------------

struct ContainerPort {
  std::string name;
  int container_port = 0;
  int host_port = 0;
  std::string host_ip;
  std::string protocol = "TCP";
};

struct Resources {
  StringMap requests;  // resource name -> quantity as written
  StringMap limits;
};

struct SeccompProfile {
  std::string type;  // "RuntimeDefault", "Unconfined", "Localhost"
  std::string localhost_profile;
};

struct SecurityContext {
  std::optional<std::int64_t> run_as_user;
  std::optional<std::int64_t> run_as_group;
  std::optional<bool> run_as_non_root;
  std::optional<SeccompProfile> seccomp;
  // Container only:
  bool privileged = false;
  bool read_only_root = false;
  std::optional<bool> allow_privilege_escalation;
  std::vector<std::string> add_capabilities;
  std::vector<std::string> drop_capabilities;
  bool unmasked_proc = false;  // procMount: Unmasked
};

enum class ImagePullPolicy : std::uint8_t { kAlways, kIfNotPresent, kNever };
enum class RestartPolicy : std::uint8_t { kAlways, kOnFailure, kNever };

struct ContainerSpec {
  std::string name;
  std::string image;
  ImagePullPolicy pull_policy = ImagePullPolicy::kIfNotPresent;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<EnvVar> env;
  std::vector<EnvFrom> env_from;
  std::vector<ContainerPort> ports;
  std::vector<VolumeMount> mounts;
  Resources resources;
  std::optional<Probe> readiness;
  std::optional<Probe> liveness;
  std::optional<Probe> startup;
  std::optional<LifecycleHandler> post_start;
  std::optional<LifecycleHandler> pre_stop;
  SecurityContext security;
  std::string termination_message_path = "/dev/termination-log";
  bool message_from_logs_on_error = false;  // terminationMessagePolicy: FallbackToLogsOnError
  bool init = false;
  bool sidecar =
      false;  // an init container with restartPolicy Always: starts in order, keeps running
  bool tty = false;
  bool stdin_open = false;
  bool stdin_once = false;
  std::string hash;  // over what may change in place and needs a new container: name and image
};

// ---- the pod ---------------------------------------------------------------------------------

enum class DnsPolicy : std::uint8_t { kClusterFirst, kClusterFirstWithHostNet, kDefault, kNone };
struct DnsConfig {
  std::vector<std::string> nameservers;
  std::vector<std::string> searches;
  std::vector<std::string> options;  // "ndots:5", "edns0"
};
struct HostAlias {
  std::string ip;
  std::vector<std::string> hostnames;
};

/// Immutable; shared by PodPtr.
struct PodSpec {
  // metadata
  std::string ns;
  std::string name;
  Uid uid;
  StringMap labels;
  StringMap annotations;
  std::optional<WallTime> creation;
  std::optional<WallTime> deletion;       // metadata.deletionTimestamp: the pod must end
  std::optional<Seconds> deletion_grace;  // metadata.deletionGracePeriodSeconds
  std::string config_source;              // annotation kubernetes.io/config.source, if any

  // spec
  std::string node_name;
  std::vector<ContainerSpec> init_containers;  // in order, sidecars among them
  std::vector<ContainerSpec> containers;
  std::vector<VolumeSpec> volumes;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  Seconds termination_grace{30};
  std::optional<Seconds> active_deadline;
  std::string service_account;
  bool automount_token = true;
  bool enable_service_links = true;
  std::vector<std::string> image_pull_secrets;
  std::vector<std::string> readiness_gates;  // condition types
  StringMap gate_conditions;  // readinessGates that are content: condition type -> status
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool share_process_namespace = false;
  std::string hostname;  // what the container sees: spec.hostname or the pod's name, at most 63
  std::string subdomain;
  bool hostname_as_fqdn = false;
  DnsPolicy dns_policy = DnsPolicy::kClusterFirst;
  DnsConfig dns_config;
  std::vector<HostAlias> host_aliases;
  // Pod-level security: defaults of its containers, merged into each ContainerSpec already.
  std::optional<std::int64_t> fs_group;
  bool fs_group_on_root_mismatch = false;  // fsGroupChangePolicy: OnRootMismatch
  std::vector<std::int64_t> supplemental_groups;
  StringMap sysctls;
  SecurityContext security;
  StringMap overhead;  // resource name -> quantity
  std::string priority_class;
  std::int64_t priority = 0;
  std::string runtime_class;

  /// "default/web", for people.
  std::string text() const { return ns + "/" + name; }
  /// Init containers and containers; null when there is none of that name.
  const ContainerSpec* container(std::string_view wanted) const;
  const VolumeSpec* volume(std::string_view wanted) const;
};
using PodPtr = std::shared_ptr<const PodSpec>;

/// Errors: kMalformed (not a pod as the API would accept it). Unknown fields are ignored here.
Result<PodPtr> parse_pod(const k8s::Object& object);
/// As above from the bytes alone; the uid is metadata.uid.
Result<PodPtr> parse_pod(std::string_view json);

/// Refuses what this edged cannot do and must not ignore. kUnsupported with one line that names the
/// field and the container, or kMalformed.
Result<void> admit(const k8s::Object& object);

/// The objects that a pod needs before its containers can start: ConfigMaps and Secrets by name.
/// Optional ones and imagePullSecrets are included.
std::vector<k8s::ObjectKey> referenced_objects(const PodSpec& pod);

/// The slots of its service-account tokens.
struct TokenNeed {
  std::string volume;
  std::string path;
  std::string audience;
  Seconds expiration{3600};
};
std::vector<TokenNeed> token_needs(const PodSpec& pod);

}  // namespace skerry::edged
