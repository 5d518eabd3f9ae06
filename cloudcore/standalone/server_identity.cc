#include "cloudcore/standalone/server_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "common/base/base64.h"
#include "common/base/hash.h"
#include "common/tls/key.h"

namespace skerry::standalone {
namespace {

constexpr auto kServerLife = std::chrono::hours(24 * 30);
constexpr std::size_t kTokenBytes = 32;

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
  const std::string token_file = folder + "/admin.token";
  out.admin_token_ = read_whole(token_file);
  if (out.admin_token_.empty()) {
    out.admin_token_ = to_hex(world.random.bytes(kTokenBytes));
    if (auto written = write_private(token_file, out.admin_token_); !written) {
      return fail(written.error());
    }
  }
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

Result<std::string> ServerIdentity::write_kubeconfig(std::uint16_t port) const {
  const std::string path = options_.data_dir + "/kubeconfig";
  const std::string text =
      "apiVersion: v1\nkind: Config\ncurrent-context: skerry\n"
      "clusters:\n- name: skerry\n  cluster:\n    server: https://127.0.0.1:" +
      std::to_string(port) +
      "\n    certificate-authority-data: " + encode_base64(authority_.certificate_pem) +
      "\nusers:\n- name: admin\n  user:\n    token: " + admin_token_ +
      "\ncontexts:\n- name: skerry\n  context:\n    cluster: skerry\n    user: admin\n";
  if (read_whole(path) == text) return path;
  if (auto written = write_private(path, text); !written) return fail(written.error());
  return path;
}

}  // namespace skerry::standalone
