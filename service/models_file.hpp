// SPDX-License-Identifier: MIT
// The models file of the service.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/model.hpp"
#include "service/options.hpp"

namespace tether::service {

/// Without a path: every model, with the defaults. Throws Error(usage) that names everything that is wrong with the
/// file.
std::shared_ptr<const rules::Models> load_models(const std::string& path);

/// What such a file says and probably does not mean, a line each.
std::vector<std::string> warnings_of_models(const std::string& path, const rules::Models& models, Auth auth);

}  // namespace tether::service
