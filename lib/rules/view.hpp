// SPDX-License-Identifier: MIT
// Which part of a scope a client sees, and how it is told, as a short name: while the name is the same, what the client
// pulled before is still what it would pull now. When it changes (another claim, another models file), the client
// starts over, so that what it may see now arrives and what it may no longer see goes, without waiting for an edit.
#pragma once

#include <string>
#include <string_view>

#include "rules/model.hpp"

namespace tether::rules {

/// Empty where there is no models file: every client is told everything.
std::string view_of(const Models& models, std::string_view claims);

}  // namespace tether::rules
