// SPDX-License-Identifier: MIT
// A JSON Schema that payloads are checked against. Compiled once, used from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tether::rules {

class JsonSchema {
 public:
  /// `text` is a JSON value. Throws Error(invalid_input), naming the path inside the schema, when it cannot be
  /// compiled.
  explicit JsonSchema(std::string_view text);
  ~JsonSchema();

  /// Empty: `payload` (a valid object) is as it should be. Otherwise the text of an object as in
  /// `{"title": ["must be a text"], "tags[2]": ["…"]}`, at most so many that a person can read them.
  std::string messages(std::string_view payload) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace tether::rules
