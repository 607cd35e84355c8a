// SPDX-License-Identifier: MIT
// JSON as the schema library reads it. Private to json_schema.hpp.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace tether::rules {

/// `text`, a valid value, with every number inside what the library can hold: a number without a fraction is an integer
/// however it is written (1.0, 1e3), and one beyond 64 bits, or beyond a double, counts as the nearest that fits.
nlohmann::json schema_value(std::string_view text);

}  // namespace tether::rules
