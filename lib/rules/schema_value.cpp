// SPDX-License-Identifier: MIT
#include "rules/schema_value.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "protocol/json_reader.hpp"

namespace tether::rules {

namespace {

using nlohmann::json;
using protocol::JsonReader;

constexpr auto k_integer_min = std::numeric_limits<std::int64_t>::min();
constexpr auto k_integer_max = std::numeric_limits<std::int64_t>::max();
constexpr double k_exact_max = 9'007'199'254'740'992.0;  // 2^53: up to there a double holds every integer

/// A number that is written with a fraction or an exponent.
json decimal(std::string_view written) {
  double number = 0;
  const auto* end = written.data() + written.size();
  if (std::from_chars(written.data(), end, number).ec == std::errc::result_out_of_range) {
    const bool is_tiny = written.find("e-") != std::string_view::npos || written.find("E-") != std::string_view::npos;
    number = is_tiny ? 0 : std::numeric_limits<double>::max();
    if (written.front() == '-') number = -number;
  }
  if (std::abs(number) <= k_exact_max && number == std::trunc(number)) return static_cast<std::int64_t>(number);
  return number;
}

json number(std::string_view written) {
  std::int64_t integer = 0;
  const auto* end = written.data() + written.size();
  const auto [after, error] = std::from_chars(written.data(), end, integer);
  if (after != end) return decimal(written);
  if (error == std::errc::result_out_of_range) return written.front() == '-' ? k_integer_min : k_integer_max;
  return integer;
}

json value(JsonReader& reader) {
  switch (reader.kind()) {
    case JsonReader::Kind::object: {
      json object = json::object();
      reader.object([&](std::string_view key) {
        std::string name(key);
        object[std::move(name)] = value(reader);
      });
      return object;
    }
    case JsonReader::Kind::array: {
      json array = json::array();
      reader.array([&] { array.push_back(value(reader)); });
      return array;
    }
    case JsonReader::Kind::string:
      return reader.string();
    case JsonReader::Kind::number:
      return number(reader.value());
    case JsonReader::Kind::boolean:
      return reader.boolean();
    case JsonReader::Kind::null:
      reader.null();
      return nullptr;
  }
  return nullptr;
}

}  // namespace

json schema_value(std::string_view text) {
  JsonReader reader(text);
  auto whole = value(reader);
  reader.end();
  return whole;
}

}  // namespace tether::rules
