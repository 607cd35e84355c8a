// SPDX-License-Identifier: MIT
// A JSON Schema (draft 7) that payloads are checked against. Compiled once, used from any thread. A check takes time
// and memory in proportion to the payload: patterns run without backtracking, and only so much is said as a person
// reads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace tether::rules {

/// All that is wrong with a schema: the path inside it (empty: the schema itself), and what.
class SchemaError final : public Error {
 public:
  using Faults = std::vector<std::pair<std::string, std::string>>;
  explicit SchemaError(Faults faults);
  const Faults& faults() const { return faults_; }

 private:
  Faults faults_;
};

class JsonSchema {
 public:
  /// `text` is a JSON value. Throws SchemaError when it cannot be compiled: also for a keyword that is not known, since
  /// it would check nothing.
  explicit JsonSchema(std::string_view text);
  ~JsonSchema();
  JsonSchema(const JsonSchema&) = delete;
  JsonSchema& operator=(const JsonSchema&) = delete;

  /// Empty: `payload` (a valid object) is as it should be. Otherwise the text of an object as in
  /// `{"title": ["must be a text"], "tags[2]": ["…"]}`, at most so many that a person can read them. What is wrong with
  /// the payload as a whole stands under the key ``.
  std::string messages(std::string_view payload) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace tether::rules
