// SPDX-License-Identifier: MIT
// The models file of the service.
#pragma once

#include <memory>
#include <string>

#include "rules/model.hpp"

namespace tether::service {

/// Without a path: every model, with the defaults. Throws Error(usage) that names everything that is wrong with the
/// file.
std::shared_ptr<const rules::Models> load_models(const std::string& path);

}  // namespace tether::service
