#include "cloudcore/standalone/server_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "cloudcore/standalone/access/rbac_facts.h"
#include "common/base/base64.h"
#include "common/tls/certificate_order.h"
#include "common/tls/key.h"

namespace skerry::standalone {
namespace {

constexpr auto kServerLife = std::chrono::hours(24 * 30);
constexpr auto kClientLife = std::chrono::hours(24 * 365);

Error file_error(const std::string& doing, const std::string& path) {
  return {Code::kStorage,
          "cannot " + doing + " " + path + ": " + std::system_category().message(errno),
          {}};
}

/// Whole or not at all, and on the disk when it returns.
Result<void> write_private(const std::string& path, const std::string& text) {
  const std::string next = path + ".next";
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return fail(file_error("write", next));
  const bool written = ::fchmod(fd, 0600) == 0 &&
                       ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  errno = error;
  if (!written || ::rename(next.c_str(), path.c_str()) != 0) return fail(file_error("write", path));
  return {};
}

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The CA: key first, so that a certificate without its key is never there.
Result<tls::Authority> open_authority(const std::string& folder, WallTime now) {
  const std::string certificate = folder + "/ca.crt";
  const std::string key = folder + "/ca.key";
  if (std::filesystem::exists(certificate)) {
    const tls::Authority found{read_whole(certificate), read_whole(key)};
    const auto checked = tls::check_authority(found, now);
    if (!checked) return fail("the standalone API's CA in " + folder, checked.error());
    return found;
  }
  auto made = tls::make_authority("skerry-standalone", now);
  if (!made) return fail(made.error());
  if (auto written = write_private(key, made->key_pem); !written) return fail(written.error());
  if (auto written = write_private(certificate, made->certificate_pem); !written) {
    return fail(written.error());
  }
  return made;
}

Result<tls::SigningKey> open_token_key(const std::string& folder) {
  const std::string path = folder + "/service-account.key";
  std::string pem = read_whole(path);
  if (pem.empty()) {
    auto made = tls::make_key();
    if (!made) return fail(made.error());
    pem = std::move(*made);
    if (auto written = write_private(path, pem); !written) return fail(written.error());
  }
  auto key = tls::SigningKey::from_pem(pem);
  if (!key) return fail("the key of tokens in " + path, key.error());
  return key;
}

struct ClientRow {
  const char* name;  // of the files
  const char* common_name;
  std::vector<std::string> organisations;
};

const ClientRow& row_of(ServerIdentity::Client client) {
  static const ClientRow admin{"admin", "system:admin", {"system:masters"}};
  static const ClientRow cloudcore{"cloudcore", kCloudcoreUser, {}};
  return client == ServerIdentity::Client::kAdministrator ? admin : cloudcore;
}

Result<tls::Identity> issue_client(const tls::Authority& authority,
                                   const ClientRow& row,
                                   WallTime now) {
  auto key = tls::make_key();
  if (!key) return fail(key.error());
  const auto request = tls::make_request(*key, row.common_name);
  if (!request) return fail(request.error());
  tls::CertificateOrder order;
  order.request_pem = *request;
  order.common_name = row.common_name;
  order.organisations = row.organisations;
  order.now = now;
  order.life = kClientLife;
  auto certificate = tls::issue_certificate(authority, order);
  if (!certificate) return fail(certificate.error());
  return tls::Identity{std::move(*certificate), std::move(*key)};
}

/// The one of the last start, unless it ends soon or is another CA's.
Result<tls::Identity> open_client(const std::string& folder,
                                  const tls::Authority& authority,
                                  const ClientRow& row,
                                  WallTime now) {
  const std::string certificate = folder + "/" + row.name + ".crt";
  const std::string key = folder + "/" + row.name + ".key";
  tls::Identity found{read_whole(certificate), read_whole(key)};
  const auto info = tls::parse_certificate(found.chain_pem);
  const auto ca = tls::parse_certificate(authority.certificate_pem);
  const bool good = info && ca && tls::check_key_matches(found.key_pem, found.chain_pem) &&
                    now < info->not_after - kClientLife / 3 && info->not_before >= ca->not_before;
  if (good) return found;
  auto issued = issue_client(authority, row, now);
  if (!issued) return fail(issued.error());
  if (auto written = write_private(key, issued->key_pem); !written) return fail(written.error());
  if (auto written = write_private(certificate, issued->chain_pem); !written) {
    return fail(written.error());
  }
  return issued;
}

}  // namespace

Result<ServerIdentity> ServerIdentity::open(const StandaloneOptions& options, seam::World world) {
  const std::string folder = options.data_dir + "/standalone";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Code::kStorage, "cannot make " + folder + ": " + error.message());
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  ServerIdentity out;
  out.options_ = options;
  auto authority = open_authority(folder, world.clock.wall());
  if (!authority) return fail(authority.error());
  out.authority_ = std::move(*authority);
  auto token_key = open_token_key(folder);
  if (!token_key) return fail(token_key.error());
  out.token_key_ = std::move(*token_key);
  std::filesystem::remove(folder + "/admin.token", error);  // of older versions
  return out;
}

Result<tls::Identity> ServerIdentity::issue(WallTime now) {
  auto key = tls::make_key();
  if (!key) return fail(key.error());
  tls::ServerOrder order;
  order.key_pem = *key;
  order.dns_names = {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
                     "kubernetes.default.svc.cluster.local"};
  order.ip_addresses = {"127.0.0.1", "::1"};
  for (const std::string& name : options_.dns_names) order.dns_names.push_back(name);
  for (const std::string& address : options_.ip_addresses) order.ip_addresses.push_back(address);
  order.now = now;
  order.life = kServerLife;
  auto certificate = tls::issue_server_certificate(authority_, order);
  if (!certificate) return fail("the standalone API's certificate", certificate.error());
  reissue_at_ = now + kServerLife * 2 / 3;
  tls::Identity out;
  out.chain_pem = *certificate;
  out.key_pem = std::move(*key);
  return out;
}

Result<std::string> ServerIdentity::write_kubeconfig(Client client,
                                                     std::uint16_t port,
                                                     WallTime now) const {
  const std::string folder = options_.data_dir + "/standalone";
  const bool admin = client == Client::kAdministrator;
  const std::string path =
      admin ? options_.data_dir + "/kubeconfig" : folder + "/cloudcore.kubeconfig";
  const ClientRow& row = row_of(client);
  const auto identity = open_client(folder, authority_, row, now);
  if (!identity) return fail(path, identity.error());
  const std::string name = row.name;
  const std::string text =
      "apiVersion: v1\nkind: Config\ncurrent-context: skerry\n"
      "clusters:\n- name: skerry\n  cluster:\n    server: https://127.0.0.1:" +
      std::to_string(port) +
      "\n    certificate-authority-data: " + encode_base64(authority_.certificate_pem) +
      "\nusers:\n- name: " + name +
      "\n  user:\n    client-certificate-data: " + encode_base64(identity->chain_pem) +
      "\n    client-key-data: " + encode_base64(identity->key_pem) +
      "\ncontexts:\n- name: skerry\n  context:\n    cluster: skerry\n    user: " + name + "\n";
  if (read_whole(path) == text) return path;
  if (auto written = write_private(path, text); !written) return fail(written.error());
  return path;
}

}  // namespace skerry::standalone
