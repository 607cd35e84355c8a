// SPDX-License-Identifier: MIT
// What is wrong with a text from outside, and where in it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tether::protocol {

/// An Error(invalid_input), or Error(too_large), whose message starts with the path of the field that is wrong.
class FieldError : public Error {
 public:
  FieldError(std::string_view path, std::string_view what, ErrorCode code = ErrorCode::invalid_input)
      : Error(code, path.empty() ? std::string(what) : std::string(path) + ": " + std::string(what)), path_(path) {}

  /// As in `mutations[3].entity_id`; empty when the text as a whole is wrong.
  const std::string& path() const { return path_; }
  /// What is wrong, without the path.
  std::string_view message() const {
    const std::string_view whole = what();
    return path_.empty() ? whole : whole.substr(path_.size() + 2);
  }

 private:
  std::string path_;
};

}  // namespace tether::protocol
