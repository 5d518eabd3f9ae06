#include "cloudcore/standalone/decoding/json_text.h"

#include <vector>

namespace skerry::standalone {
namespace {

using nlohmann::json;

/// Builds the value from nlohmann's events, which the library's own builder does without a word
/// about keys that stand twice.
class Builder {
 public:
  using number_integer_t = json::number_integer_t;
  using number_unsigned_t = json::number_unsigned_t;
  using number_float_t = json::number_float_t;
  using string_t = json::string_t;
  using binary_t = json::binary_t;

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(number_integer_t value) { return add(value); }
  bool number_unsigned(number_unsigned_t value) { return add(value); }
  bool number_float(number_float_t value, const string_t&) { return add(value); }
  bool string(string_t& value) { return add(std::move(value)); }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(string_t& name) {
    const auto [at, is_new] = open_.back()->emplace(std::move(name), nullptr);
    out.duplicates |= !is_new;
    slot_ = &*at;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

  JsonText out;

 private:
  json* place(json value) {
    if (open_.empty()) {
      out.value = std::move(value);
      return &out.value;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    *slot_ = std::move(value);
    return slot_;
  }
  bool add(json value) {
    place(std::move(value));
    return true;
  }
  bool open(json value) {
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<json*> open_;  // the containers that have not ended; only the last one grows
  json* slot_ = nullptr;
};

}  // namespace

Result<JsonText> read_json(std::string_view text) {
  Builder builder;
  if (json::sax_parse(text, &builder)) return std::move(builder.out);
  std::string problem = json_syntax_problem(text);
  if (problem.empty()) problem = "a string is no UTF-8, or a number is out of range";
  return fail(Code::kMalformed, std::move(problem));
}

}  // namespace skerry::standalone
