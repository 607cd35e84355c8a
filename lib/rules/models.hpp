// SPDX-License-Identifier: MIT
// Reads a models file: `{"models": {"Task": {…}, …}}`. service/MODELS.md describes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/model.hpp"

namespace tether::rules {

/// One thing that is wrong, with the path of where: `models.Task.merge.total`.
struct ModelsFault {
  std::string path;
  std::string message;  // `unknown key "confict"; did you mean "conflict"?`
};

/// All that is wrong with a models file.
class ModelsError final : public std::exception {
 public:
  explicit ModelsError(std::vector<ModelsFault> faults);
  const std::vector<ModelsFault>& faults() const { return faults_; }
  const char* what() const noexcept override { return text_.c_str(); }  // one per line

 private:
  std::vector<ModelsFault> faults_;
  std::string text_;
};

/// Throws ModelsError with everything that is wrong.
Models read_models(std::string_view text);

}  // namespace tether::rules
