// SPDX-License-Identifier: MIT
// Fields as words of the command line, and back: FIELD=VALUE is a string, FIELD:=JSON any JSON value, kept as its text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/context.hpp"

namespace tether::cmd {

struct FieldWord {
  std::string name;
  std::string json;  // the text of the value
};

/// Throws Error(usage) for a word without `=`, an empty name, invalid UTF-8, or JSON that is none.
FieldWord parse_field(std::string_view word);

/// A JSON object of the words; a name given twice is Error(usage).
std::string fields_object(const std::vector<std::string>& words);

/// `argument` is JSON, `@FILE` or `-` for standard input: the text of a JSON object.
std::string read_data(Context& context, const std::string& argument);

/// `title="Fix pump" done:=true`: a payload as the words that would record it.
std::string as_words(std::string_view payload);

/// A JSON value as people read it, on one line: a string without its quotes, anything else as it is written; control
/// characters made visible.
std::string readable(std::string_view json_value);

}  // namespace tether::cmd
