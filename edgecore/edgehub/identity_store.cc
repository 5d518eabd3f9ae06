#include "edgecore/edgehub/identity_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/tls/key.h"

namespace skerry::edgehub {
namespace {

constexpr std::size_t kFileBytesMax = 256 * 1024;
constexpr std::string_view kCommonNamePrefix = "system:node:";
constexpr const char* kKey = "node.key";
constexpr const char* kCertificate = "node.crt";
constexpr const char* kCa = "ca.crt";
constexpr const char* kConfig = "config.yaml";

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

tl::unexpected<Error> failed(const std::filesystem::path& path) {
  const int number = errno;
  const char* hint = number == ENOSPC   ? "; free some space"
                     : number == EACCES ? "; run as root"
                                        : "";
  return fail(Code::kStorage, path.string() + ": " + std::strerror(number) + hint);
}

Result<void> sync_directory(const std::filesystem::path& directory) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return failed(directory);
  return {};
}

Result<void> write_whole(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// A power cut leaves the old file or the new one, whole.
Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::path temporary = path;
  temporary += ".new";
  {
    ::unlink(temporary.c_str());  // of an earlier crash, with whatever mode
    const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return failed(temporary);
    if (Result<void> written = write_whole(fd.get(), bytes, temporary); !written) return written;
    if (::fsync(fd.get()) != 0) return failed(temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed(path);
  return sync_directory(path.parent_path());
}

/// Nothing when there is no such file.
Result<std::optional<std::string>> read_file(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::optional<std::string>();
  if (!fd) return failed(path);
  std::string bytes;
  std::array<char, 16 * 1024> buffer{};
  while (true) {
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed(path);
    if (size == 0) return std::optional<std::string>(std::move(bytes));
    bytes.append(buffer.data(), static_cast<std::size_t>(size));
    if (bytes.size() > kFileBytesMax)
      return fail(Code::kMalformed, path.string() + " is too large");
  }
}

Result<void> make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory.parent_path(), error);
  if (error) {
    return fail(Code::kStorage, directory.parent_path().string() + ": " + error.message());
  }
  if (::mkdir(directory.c_str(), 0700) == 0) return sync_directory(directory.parent_path());
  if (errno != EEXIST) return failed(directory);
  if (::chmod(directory.c_str(), 0700) != 0) return failed(directory);
  return {};
}

}  // namespace

std::string encode_joined_config(const JoinedConfig& config) {
  // JSON is YAML; a person who opens the file sees the keys of edgecore.yaml.
  nlohmann::json edged = {{"hostnameOverride", config.node.str()}, {"nodeLabels", config.labels}};
  if (!config.runtime_endpoint.empty()) {
    edged["tailoredKubeletConfig"]["containerRuntimeEndpoint"] = config.runtime_endpoint;
  }
  const nlohmann::json document = {
      {"kind", "EdgeCore"},
      {"modules", {{"edged", edged}, {"edgeHub", {{"websocket", {{"server", config.server}}}}}}}};
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

IdentityStore::IdentityStore(std::filesystem::path data_dir)
    : directory_(std::move(data_dir) / "identity") {}

Result<std::optional<StoredIdentity>> IdentityStore::load() const {
  std::array<std::string, 4> texts;
  const std::array<const char*, 4> names = {kCertificate, kKey, kCa, kConfig};
  for (std::size_t i = 0; i < names.size(); ++i) {
    Result<std::optional<std::string>> text = read_file(directory_ / names[i]);
    if (!text) return fail(text.error());
    if (!*text && i == 0) return std::optional<StoredIdentity>();
    if (!*text) {
      return fail(Code::kMalformed,
                  (directory_ / names[i]).string() + " is missing; join again: edgecore join");
    }
    texts[i] = std::move(**text);
  }
  StoredIdentity identity{.key_pem = std::move(texts[1]),
                          .certificate_pem = std::move(texts[0]),
                          .ca_bundle_pem = std::move(texts[2]),
                          .config_yaml = std::move(texts[3]),
                          .certificate = {},
                          .node = {}};
  Result<tls::CertificateInfo> info = tls::parse_certificate(identity.certificate_pem);
  if (!info) return fail("this node's certificate is damaged; join again", info.error());
  identity.certificate = *info;
  if (info->common_name.rfind(kCommonNamePrefix, 0) != 0) {
    return fail(Code::kMalformed, "this node's certificate names no node; join again");
  }
  identity.node = NodeName(info->common_name.substr(kCommonNamePrefix.size()));
  Result<void> matches = tls::check_key_matches(identity.key_pem, identity.certificate_pem);
  if (!matches) return fail("this node's key and certificate differ; join again", matches.error());
  return std::optional<StoredIdentity>(std::move(identity));
}

Result<std::string> IdentityStore::key_for_join() {
  if (Result<void> made = make_directory(directory_); !made) return fail(made.error());
  Result<std::optional<std::string>> there = read_file(directory_ / kKey);
  if (!there) return fail(there.error());
  if (*there) return std::move(**there);
  Result<std::string> key = tls::make_key();
  if (!key) return key;
  if (Result<void> written = replace_file(directory_ / kKey, *key); !written) {
    return fail(written.error());
  }
  return key;
}

Result<void> IdentityStore::save_join(const lane::CertificateReply& reply,
                                      const JoinedConfig& config) {
  Result<void> written = replace_file(directory_ / kCa, reply.ca_bundle_pem);
  if (written) written = replace_file(directory_ / kConfig, encode_joined_config(config));
  if (written) written = replace_file(directory_ / kCertificate, reply.certificate_pem);
  return written;
}

Result<void> IdentityStore::save_renewed(const lane::CertificateReply& reply) {
  Result<std::optional<std::string>> key = read_file(directory_ / kKey);
  if (!key) return fail(key.error());
  Result<void> matches = tls::check_key_matches(key->value_or(""), reply.certificate_pem);
  if (!matches) return fail("the renewed certificate", matches.error());
  // The bundle first: it trusts the old and the new hub.
  Result<void> written =
      reply.ca_bundle_pem.empty() ? Result<void>() : save_ca_bundle(reply.ca_bundle_pem);
  if (written) written = replace_file(directory_ / kCertificate, reply.certificate_pem);
  return written;
}

Result<void> IdentityStore::save_ca_bundle(const std::string& pem) {
  Result<std::vector<tls::CertificateInfo>> bundle = tls::parse_chain(pem);
  if (!bundle) return fail("the CA bundle from the cloud", bundle.error());
  return replace_file(directory_ / kCa, pem);
}

Result<void> IdentityStore::remove() {
  // The certificate first: what is left after a crash is a node that has not joined.
  for (const char* name : {kCertificate, kConfig, kCa, kKey}) {
    const std::filesystem::path path = directory_ / name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) return failed(path);
    ::unlink((path.string() + ".new").c_str());
  }
  if (::rmdir(directory_.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY) {
    return failed(directory_);
  }
  return {};
}

}  // namespace skerry::edgehub
