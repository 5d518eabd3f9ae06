#include "common/config/config_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace skerry::config {

Result<std::string> read_config_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) {
    const Code code = errno == ENOENT ? Code::kNotFound : Code::kStorage;
    return fail(code, "configuration " + path + ": " + std::strerror(errno) +
                          "; --minconfig prints one to begin with");
  }
  std::string text(kYamlBytesMax + 1, '\0');
  const std::size_t size = std::fread(text.data(), 1, text.size(), file.get());
  if (std::ferror(file.get()) != 0) {
    return fail(Code::kStorage, "configuration " + path + ": " + std::strerror(errno));
  }
  if (size > kYamlBytesMax) return fail(Code::kTooLarge, "configuration " + path + ": over 1 MiB");
  text.resize(size);
  return text;
}

Result<std::vector<std::string>> apply_text(std::string_view yaml,
                                            const KeyTable& table,
                                            std::string_view source) {
  Result<YamlNode> document = parse_yaml(yaml);
  if (!document) return fail(source, document.error());
  return apply(*document, table, source);
}

}  // namespace skerry::config
