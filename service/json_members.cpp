// SPDX-License-Identifier: MIT
#include "service/json_members.hpp"

#include <charconv>

#include "base/error.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/payload.hpp"

namespace tether::service {

using protocol::JsonReader;

namespace {

/// What `read` makes of the member's value; nullopt when that is of another kind.
template <class Read>
auto read_member(const JsonMembers& members, std::string_view name, JsonReader::Kind kind, Read&& read)
    -> std::optional<decltype(read(std::declval<JsonReader&>(), std::string_view()))> {
  const auto found = members.find(name);
  if (found == members.end()) return std::nullopt;
  try {
    JsonReader reader(found->second);
    if (reader.kind() != kind) return std::nullopt;
    return read(reader, found->second);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<JsonMembers> json_members(std::string_view text) {
  try {
    protocol::check_object(text);
    JsonMembers members;
    bool unique = true;
    JsonReader reader(text);
    reader.object([&](std::string_view name) { unique = members.emplace(name, reader.value()).second && unique; });
    if (!unique) return std::nullopt;
    return members;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::string> text_member(const JsonMembers& members, std::string_view name) {
  return read_member(members, name, JsonReader::Kind::string,
                     [](JsonReader& reader, std::string_view) { return reader.string(); });
}

std::optional<double> number_member(const JsonMembers& members, std::string_view name) {
  return read_member(members, name, JsonReader::Kind::number, [](JsonReader& reader, std::string_view text) {
    double number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) reader.fail("is too large");
    return number;
  });
}

std::optional<std::vector<std::string>> texts_member(const JsonMembers& members, std::string_view name) {
  return read_member(members, name, JsonReader::Kind::array, [](JsonReader& reader, std::string_view) {
    std::vector<std::string> texts;
    reader.array([&] { texts.push_back(reader.string()); });
    return texts;
  });
}

}  // namespace tether::service
