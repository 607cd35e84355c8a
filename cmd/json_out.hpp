// SPDX-License-Identifier: MIT
// One JSON object of the --json output, built member by member. Payloads go in as the text that they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/payload.hpp"

namespace tether::cmd {

class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value);
  /// null when empty.
  JsonObject& text_or_null(std::string_view key, std::string_view value);
  JsonObject& integer(std::string_view key, std::int64_t value);
  JsonObject& boolean(std::string_view key, bool value);
  JsonObject& null(std::string_view key);
  /// `json` is the text of a valid JSON value.
  JsonObject& raw(std::string_view key, std::string_view json);
  /// RFC 3339 UTC with milliseconds.
  JsonObject& time_ms(std::string_view key, std::int64_t ms_since_1970);
  JsonObject& texts(std::string_view key, const std::vector<std::string>& values);

  std::string finish() &&;

 private:
  protocol::ObjectWriter writer_;
};

/// A valid value as it is written, or without its white space where that holds line ends.
std::string one_line(std::string_view json);

/// `[a,b]` of texts that are JSON values.
std::string json_array(const std::vector<std::string>& json_values);

}  // namespace tether::cmd
