// SPDX-License-Identifier: MIT
// Fields that several messages have in common: read where the reader stands, checked, with its path in errors. A null
// for an optional field means the same as its absence.
#pragma once

#include <optional>
#include <utility>

#include "base/strong.hpp"
#include "protocol/codec.hpp"
#include "protocol/json_reader.hpp"

namespace tether::protocol {

/// Gives a name to `parse`; the path is spelt out only when it is needed, for an error.
template <class Parse>
auto checked_name(const JsonReader& reader, std::string_view text, Parse parse) {
  try {
    return parse(text, std::string_view());
  } catch (const FieldError& e) {
    reader.fail(e.what());
  }
}

template <class Parse>
auto read_name(JsonReader& reader, Parse parse) {
  return checked_name(reader, reader.string(), parse);
}

inline MutationId read_mutation_id(JsonReader& reader) {
  return read_name(reader, parse_mutation_id);
}
inline EntityId read_entity_id(JsonReader& reader) {
  return read_name(reader, parse_entity_id);
}
inline ModelName read_model(JsonReader& reader) {
  return read_name(reader, parse_model);
}
inline ClientId read_client_id(JsonReader& reader) {
  return read_name(reader, parse_client_id);
}

inline Operation read_operation(JsonReader& reader) {
  const std::optional<Operation> operation = operation_named(reader.string());
  if (!operation) reader.fail("must be create, update or delete");
  return *operation;
}

/// null, or what `read` reads.
template <class Read>
auto read_optional(JsonReader& reader, Read read) -> std::optional<decltype(read(reader))> {
  if (reader.null()) return std::nullopt;
  return read(reader);
}

inline std::optional<std::int64_t> read_optional_integer(JsonReader& reader) {
  return read_optional(reader, [](JsonReader& r) { return r.integer(); });
}

inline std::string read_optional_text(JsonReader& reader) {
  return reader.null() ? std::string() : std::string(reader.string());
}

inline std::optional<Cursor> read_cursor(JsonReader& reader) {
  return read_optional(reader, [](JsonReader& r) { return Cursor{r.integer()}; });
}

inline bool read_flag(JsonReader& reader) {
  return !reader.null() && reader.boolean();
}

/// The items of an array; null and `{}` are empty arrays to PHP.
template <class OnItem>
void read_list(JsonReader& reader, OnItem on_item) {
  if (reader.null()) return;
  if (reader.kind() != JsonReader::Kind::object) return reader.array(on_item);
  reader.object([&](std::string_view) { reader.fail("must be an array, not an object"); });
}

/// The error for an answer in which `cause` was found, with what to do next.
Error unexpected_reply(std::string_view body, std::string_view route, const FieldError& cause);

/// Runs `read` on an answer of the server: what is wrong with it is the server's fault, not that of a person's input.
template <class Read>
auto reading_reply(std::string_view body, std::string_view route, Read read) {
  JsonReader reader(body);
  try {
    auto reply = read(reader);
    reader.end();
    return reply;
  } catch (const FieldError& e) {
    throw unexpected_reply(body, route, e);
  }
}

/// Reads a request of at most `limits.body_bytes_max` bytes.
template <class Read>
auto reading_request(std::string_view body, const Limits& limits, Read read) {
  JsonReader reader(body);
  if (body.size() > limits.body_bytes_max) {
    reader.fail("the body is longer than " + std::to_string(limits.body_bytes_max) + " bytes", ErrorCode::too_large);
  }
  auto request = read(reader);
  reader.end();
  return request;
}

}  // namespace tether::protocol
