#include "cloudcore/kube/small_file.h"

#include <fstream>

namespace skerry::kube {

Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t bytes_max) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Code::kNotFound, file.string() + " cannot be opened");
  std::string text(bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(Code::kNotFound, file.string() + " cannot be read");
  if (text.size() > bytes_max) {
    return fail(Code::kTooLarge,
                file.string() + " has more than " + std::to_string(bytes_max) + " bytes");
  }
  text.shrink_to_fit();
  return text;
}

}  // namespace skerry::kube
