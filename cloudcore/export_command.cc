#include "cloudcore/export_command.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "cloudcore/command_session.h"
#include "cloudcore/manifest_export.h"
#include "common/k8s/json_fields.h"

namespace skerry::cloudcore {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr int kPageObjects = 500;

/// The manifests of one resource, as text: JSON documents, which YAML readers take, too.
struct Part {
  ExportedResource resource;
  std::string text;
  std::size_t count = 0;
};

Task<Result<json>> get(CommandSession session, std::string target) {
  kube::HttpRequest request;
  request.target = target;
  request.deadline = session.world.clock.now() + kube::kCallTimeout;
  request.answer_bytes_max = kube::kPageBytesMax;
  std::function<void(kube::HttpClient::Done)> send = [session,
                                                      request](kube::HttpClient::Done done) {
    session.http->send(request, std::move(done));
  };
  const auto answer = co_await async::from_callback<Result<kube::HttpResponse>>(std::move(send));
  if (!answer) co_return fail("GET " + target, answer.error());
  json read = json::parse(answer->body, nullptr, false);
  if (answer->status != 200) {
    co_return fail(Code::kUnavailable, "GET " + target + ": HTTP " +
                                           std::to_string(answer->status) + " " +
                                           fields::text(read, "message"));
  }
  if (read.is_discarded()) co_return fail(Code::kMalformed, "GET " + target + ": no JSON");
  co_return read;
}

std::string root_of(const ExportedResource& resource) {
  return resource.group.empty() ? "/api/" + resource.version
                                : "/apis/" + resource.group + "/" + resource.version;
}

/// Of every group the version that the API prefers.
Task<Result<std::vector<ExportedResource>>> resources(CommandSession session) {
  std::vector<std::string> places = {"/api/v1"};
  const Result<json> groups = co_await get(session, "/apis");
  if (!groups) co_return fail(groups.error());
  for (const json& each : fields::list(*groups, "groups")) {
    places.push_back("/apis/" +
                     fields::text(fields::object(each, "preferredVersion"), "groupVersion"));
  }
  std::vector<ExportedResource> out;
  for (const std::string& place : places) {
    const Result<json> list = co_await get(session, place);
    if (!list) co_return fail(list.error());
    for (ExportedResource& each : exported_resources(*list)) out.push_back(std::move(each));
  }
  std::ranges::stable_sort(out, {}, apply_rank);
  co_return out;
}

void add_page(Part& part, const json& page) {
  for (const json& each : fields::list(page, "items")) {
    const auto manifest = manifest_of(part.resource, each);
    if (!manifest) continue;
    part.text += "---\n" + manifest->dump(2, ' ', false, json::error_handler_t::replace) + "\n";
    ++part.count;
  }
}

Task<Result<Part>> part_of(CommandSession session, ExportedResource resource) {
  Part part{resource, {}, 0};
  std::string next;
  do {
    std::string target =
        root_of(resource) + "/" + resource.plural + "?limit=" + std::to_string(kPageObjects);
    if (!next.empty()) target += "&continue=" + next;
    const Result<json> page = co_await get(session, target);
    if (!page) co_return fail(page.error());
    add_page(part, *page);
    next.clear();
    for (const char c : fields::text(fields::object(*page, "metadata"), "continue")) {
      const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
      next += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  } while (!next.empty());
  co_return part;
}

Result<void> write_file(const std::string& file, const std::string& text) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  std::size_t written = 0;
  bool ok = fd >= 0;
  while (ok && written < text.size()) {
    const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
    ok = count > 0;
    if (ok) written += static_cast<std::size_t>(count);
  }
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (ok) return {};
  return fail(Code::kStorage,
              "cannot write " + file + ": " + std::system_category().message(error));
}

/// "0-namespaces.yaml": the names are in the order of their use.
std::string file_of(const Part& part) {
  const std::string group = part.resource.group.empty() ? "" : "." + part.resource.group;
  return std::to_string(apply_rank(part.resource)) + "-" + part.resource.plural + group + ".yaml";
}

Task<Result<void>> write_all(CommandSession session, std::string target) {
  const Result<std::vector<ExportedResource>> found = co_await resources(session);
  if (!found) co_return fail(found.error());
  const bool to_screen = target == "-";
  std::error_code error;
  if (!to_screen) std::filesystem::create_directories(target, error);
  if (error) co_return fail(Code::kStorage, "cannot make " + target + ": " + error.message());
  if (!to_screen && !std::filesystem::is_empty(target, error)) {
    co_return fail(Code::kAlreadyExists, target + " is not empty: name a new directory");
  }
  std::size_t count = 0;
  for (const ExportedResource& each : *found) {
    const Result<Part> part = co_await part_of(session, each);
    if (!part) co_return fail(part.error());
    if (part->count == 0) continue;
    count += part->count;
    if (to_screen) {
      std::fwrite(part->text.data(), 1, part->text.size(), stdout);
    } else if (auto written = write_file(target + "/" + file_of(*part), part->text); !written) {
      co_return written;
    }
  }
  if (std::fflush(stdout) != 0) co_return fail(Code::kStorage, "standard output was not taken");
  fmt::print(stderr, "{} objects, Secrets among them\n", count);
  if (!to_screen) {
    fmt::print(stderr,
               "in the new cluster, first what the others need, then all:\n"
               "  kubectl apply $(ls {0}/0-* | sed 's/^/-f /') && kubectl apply -f {0}\n",
               target);
  }
  co_return Result<void>();
}

}  // namespace

int export_command(const config::CloudConfig& config, const ExportCommand& command) {
  const Result<void> done = run_command(config, [&command](CommandSession session) {
    return write_all(std::move(session), command.target);
  });
  if (done) return 0;
  fmt::print(stderr, "cloudcore export: {}\n", done.error().what);
  return 1;
}

}  // namespace skerry::cloudcore
