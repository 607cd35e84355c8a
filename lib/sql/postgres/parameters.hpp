// SPDX-License-Identifier: MIT
// The parameters of one statement in Postgres' binary form, which needs no escaping: each column of a batch is one
// array, or one value if it is the same in all rows. Private to the driver.
#pragma once

#include <string>
#include <vector>

#include "sql/database.hpp"

namespace tether::sql {

/// Which columns hold the same value in all rows and need not travel with each. Never the first one, which tells how
/// many rows there are.
std::vector<bool> constant_columns(std::size_t columns, const Batch& rows);

class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(std::span<const Value> scalars);
  /// Texts in `scalars` and `rows` must outlive the parameters; `constant` as of constant_columns().
  Parameters(std::span<const Value> scalars, std::span<const Column> columns, const std::vector<bool>& constant,
             const Batch& rows);
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  int count() const { return static_cast<int>(types_.size()); }
  const unsigned* types() const { return types_.data(); }  // Oid
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  void add(unsigned type, const char* data, std::size_t size);
  void add(const Value& value, unsigned type_of_null);
  void add_array(Type type, const Batch& rows, std::size_t column, std::size_t width);

  std::vector<unsigned> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::string> encoded_;  // reserved once: the pointers in values_ stay
};

}  // namespace tether::sql
