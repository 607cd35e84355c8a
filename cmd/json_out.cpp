// SPDX-License-Identifier: MIT
#include "cmd/json_out.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"

namespace tether::cmd {

JsonObject& JsonObject::text(std::string_view key, std::string_view value) {
  return raw(key, json_quoted(value));
}

JsonObject& JsonObject::text_or_null(std::string_view key, std::string_view value) {
  return value.empty() ? null(key) : text(key, value);
}

JsonObject& JsonObject::integer(std::string_view key, std::int64_t value) {
  return raw(key, std::to_string(value));
}

JsonObject& JsonObject::boolean(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

JsonObject& JsonObject::null(std::string_view key) {
  return raw(key, "null");
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  writer_.member(key, one_line(json));
  return *this;
}

JsonObject& JsonObject::time_ms(std::string_view key, std::int64_t ms_since_1970) {
  return text(key, rfc3339_ms(from_ms(ms_since_1970)));
}

JsonObject& JsonObject::texts(std::string_view key, const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const auto& value : values) quoted.push_back(json_quoted(value));
  return raw(key, json_array(quoted));
}

std::string JsonObject::finish() && {
  return std::move(writer_).finish();
}

std::string one_line(std::string_view json) {
  const bool is_one_line = json.find_first_of("\r\n") == std::string_view::npos;
  return is_one_line ? std::string(json) : protocol::without_white_space(json);
}

std::string json_array(const std::vector<std::string>& json_values) {
  std::string out = "[";
  for (const auto& value : json_values) {
    if (out.size() > 1) out += ',';
    out += value;
  }
  return out + "]";
}

}  // namespace tether::cmd
