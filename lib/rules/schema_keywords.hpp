// SPDX-License-Identifier: MIT
// What a JSON Schema may say, checked before the schema library sees it: the library ignores what it does not know, and
// reports what it cannot use without saying where. Private to json_schema.hpp.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rules/json_schema.hpp"

namespace tether::rules {

/// `schema` for the library: without annotations, and with the keywords that we check ourselves under names of our own
/// (schema_assertions.hpp). Throws SchemaError with everything that is wrong.
nlohmann::json checked_schema(const nlohmann::json& schema);

}  // namespace tether::rules
