// SPDX-License-Identifier: MIT
// The rows of a file to import, CSV or NDJSON, one form for both.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cmd/context.hpp"

namespace tether::cmd {

enum class ImportFormat { csv, ndjson };

struct ImportRow {
  std::int64_t line = 0;
  std::string fields;              // a JSON object, without what became the id
  std::optional<std::string> key;  // the text of the key column, or the id; nullopt: the row has neither
};

class ImportSource {
 public:
  virtual ~ImportSource() = default;
  /// False at the end. Throws Error(invalid_input) naming the line.
  virtual bool next(ImportRow& row) = 0;
};

/// With `key_column`, rows must have it, not empty. Without it, a column `id` is the id and no field.
std::unique_ptr<ImportSource> open_import(Context& context, const std::string& path, ImportFormat format,
                                          const std::optional<std::string>& key_column);

/// From `--format`, else from how the path ends. Throws Error(usage).
ImportFormat import_format(const std::string& path, const std::optional<std::string>& given);

}  // namespace tether::cmd
