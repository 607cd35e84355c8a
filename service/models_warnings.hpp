// SPDX-License-Identifier: MIT
// What a models file may say, and probably does not mean. Nothing here keeps the file from being used.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/model.hpp"
#include "service/options.hpp"

namespace tether::service {

/// A line each, beginning with the place: `models.Task.hide: …`. `text` is the file that `models` was read from; `path`
/// is where programs are looked for, as $PATH says it.
std::vector<std::string> models_warnings(std::string_view text, const rules::Models& models, Auth auth,
                                         std::string_view path);

/// The names of the models that ask for claims of the caller.
std::vector<std::string> models_with_claims(const rules::Models& models);

}  // namespace tether::service
