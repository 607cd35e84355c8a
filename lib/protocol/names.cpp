// SPDX-License-Identifier: MIT
// Names that come from outside, checked once at the edge.
#include <fmt/format.h>

#include <algorithm>

#include "base/ulid.hpp"
#include "base/utf8.hpp"
#include "protocol/codec.hpp"
#include "protocol/field_error.hpp"

namespace tether::protocol {

namespace {

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Ids are printed, logged, sent as JSON, and kept in columns that know no NUL.
void check_plain_id(std::string_view text, std::size_t bytes_max, std::string_view path) {
  if (text.empty() || text.size() > bytes_max) throw FieldError(path, fmt::format("must be 1 to {} bytes", bytes_max));
  if (std::any_of(text.begin(), text.end(), is_control)) throw FieldError(path, "must not hold control characters");
  if (!is_utf8(text)) throw FieldError(path, "must be UTF-8");
}

}  // namespace

std::string_view name(Operation operation) {
  switch (operation) {
    case Operation::create:
      return "create";
    case Operation::update:
      return "update";
    case Operation::remove:
      return "delete";
  }
  return "update";
}

std::optional<Operation> operation_named(std::string_view name) {
  if (name == "create") return Operation::create;
  if (name == "update") return Operation::update;
  if (name == "delete") return Operation::remove;
  return std::nullopt;
}

ModelName parse_model(std::string_view text, std::string_view path) {
  const auto fits = [](char c) { return is_letter(c) || is_digit(c); };
  const bool is_model = !text.empty() && text.size() <= k_model_bytes_max && is_letter(text.front()) &&
                        std::all_of(text.begin(), text.end(), fits);
  if (!is_model) {
    throw FieldError(path,
                     fmt::format("must be a model name: a letter or _, then letters, digits or _, at most {} in all",
                                 k_model_bytes_max));
  }
  return ModelName{std::string(text)};
}

EntityId parse_entity_id(std::string_view text, std::string_view path) {
  check_plain_id(text, k_entity_id_bytes_max, path);
  return EntityId{std::string(text)};
}

MutationId parse_mutation_id(std::string_view text, std::string_view path) {
  if (!Ulid::parse(text)) throw FieldError(path, "must be a ULID of 26 characters");
  return MutationId{std::string(text)};
}

ClientId parse_client_id(std::string_view text, std::string_view path) {
  check_plain_id(text, k_client_id_bytes_max, path);
  return ClientId{std::string(text)};
}

}  // namespace tether::protocol
