// SPDX-License-Identifier: MIT
#include "sql/postgres/parameters.hpp"

#include <limits>

#include "base/error.hpp"

namespace tether::sql {
namespace {

// From Postgres' catalog; they never change.
constexpr unsigned k_unknown_type = 0;  // Postgres tells it from the place where the parameter stands
constexpr unsigned k_bigint_type = 20;
constexpr unsigned k_text_type = 25;
constexpr unsigned k_text_array_type = 1009;
constexpr unsigned k_bigint_array_type = 1016;

constexpr int k_binary = 1;

void append_32(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

void append_64(std::string& out, std::uint64_t number) {
  append_32(out, static_cast<std::uint32_t>(number >> 32));
  append_32(out, static_cast<std::uint32_t>(number));
}

std::string encoded(std::int64_t number) {
  std::string out;
  append_64(out, static_cast<std::uint64_t>(number));
  return out;
}

/// An element behind its length; -1 is the length of NULL.
void append_element(std::string& out, const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    append_32(out, static_cast<std::uint32_t>(text->size()));
    out += *text;
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    append_32(out, sizeof *integer);
    append_64(out, static_cast<std::uint64_t>(*integer));
  } else {
    append_32(out, std::numeric_limits<std::uint32_t>::max());
  }
}

std::size_t element_bytes(const Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  return sizeof(std::uint32_t) + (text != nullptr ? text->size() : sizeof(std::int64_t));
}

bool has_type(const Value& value, Type type) {
  if (std::holds_alternative<Null>(value)) return true;
  return std::holds_alternative<std::string_view>(value) == (type == Type::text);
}

/// One column of the rows: number of dimensions, whether there may be NULLs, type; size and first index; elements.
std::string encoded_column(Type type, const Batch& rows, std::size_t column, std::size_t width) {
  constexpr std::size_t k_head_bytes = 5 * sizeof(std::uint32_t);
  std::size_t bytes = k_head_bytes;
  for (std::size_t at = column; at < rows.size(); at += width) bytes += element_bytes(rows[at]);
  std::string out;
  out.reserve(bytes);
  append_32(out, 1);
  append_32(out, 1);
  append_32(out, type == Type::text ? k_text_type : k_bigint_type);
  append_32(out, static_cast<std::uint32_t>(rows.size() / width));
  append_32(out, 1);
  for (std::size_t at = column; at < rows.size(); at += width) {
    TETHER_ASSERT(has_type(rows[at], type));
    append_element(out, rows[at]);
  }
  return out;
}

}  // namespace

std::vector<bool> constant_columns(std::size_t columns, const Batch& rows) {
  std::vector<bool> constant(columns, true);
  constant.front() = false;
  for (std::size_t column = 1; column < columns; ++column) {
    for (std::size_t at = column; at < rows.size() && constant[column]; at += columns) {
      constant[column] = rows[at] == rows[column];
    }
  }
  return constant;
}

Parameters::Parameters(std::span<const Value> scalars) : Parameters(scalars, {}, {}, {}) {}

Parameters::Parameters(std::span<const Value> scalars, std::span<const Column> columns,
                       const std::vector<bool>& constant, const Batch& rows) {
  encoded_.reserve(scalars.size() + columns.size());
  for (const Value& value : scalars) add(value, k_unknown_type);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (constant[i]) {
      TETHER_ASSERT(has_type(rows[i], columns[i].type));
      add(rows[i], columns[i].type == Type::text ? k_text_type : k_bigint_type);
    } else {
      add_array(columns[i].type, rows, i, columns.size());
    }
  }
}

void Parameters::add(unsigned type, const char* data, std::size_t size) {
  // Postgres takes no value of a gigabyte, and libpq counts in int.
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max()) / 2) {
    throw Error(ErrorCode::too_large, "a batch is larger than the store can take at once", "Send it in parts.");
  }
  types_.push_back(type);
  values_.push_back(data);
  lengths_.push_back(static_cast<int>(size));
  formats_.push_back(k_binary);
}

void Parameters::add(const Value& value, unsigned type_of_null) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    add(k_text_type, text->data() != nullptr ? text->data() : "", text->size());  // a null pointer would mean NULL
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    const std::string& bytes = encoded_.emplace_back(encoded(*integer));
    add(k_bigint_type, bytes.data(), bytes.size());
  } else {
    add(type_of_null, nullptr, 0);
  }
}

void Parameters::add_array(Type type, const Batch& rows, std::size_t column, std::size_t width) {
  const std::string& bytes = encoded_.emplace_back(encoded_column(type, rows, column, width));
  add(type == Type::text ? k_text_array_type : k_bigint_array_type, bytes.data(), bytes.size());
}

}  // namespace tether::sql
