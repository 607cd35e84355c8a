// SPDX-License-Identifier: MIT
// One JSON object on one line of stdout, printed while its arrays are read: they may be of any length.
#pragma once

#include <string_view>

#include "cmd/json_out.hpp"
#include "cmd/output.hpp"

namespace tether::cmd {

class JsonStream {
 public:
  /// Begins with the members of `first`, if it has any.
  JsonStream(Terminal& terminal, JsonObject first);

  void begin_array(std::string_view key);
  /// `json` is the text of a valid JSON value.
  void item(std::string_view json);
  void end_array();

  /// The members of `last`, if it has any, and the end of the line.
  void finish(JsonObject last = {});

 private:
  void members(JsonObject object);
  Terminal& terminal_;
  bool has_members_ = false;
  bool has_items_ = false;
};

}  // namespace tether::cmd
