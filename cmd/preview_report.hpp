// SPDX-License-Identifier: MIT
// What a push would do, for people and as JSON.
#pragma once

#include "cmd/json_out.hpp"
#include "cmd/output.hpp"
#include "replica/preview.hpp"

namespace tether::cmd {

/// Adds `would_push`, `outcomes` and `counts` to `json`, or prints a table.
void report_preview(Terminal& terminal, const replica::PreviewReport& report, JsonObject& json);

/// Whether everything pending was asked, and would be applied or merged with nothing lost.
bool is_clean(const replica::PreviewReport& report);

}  // namespace tether::cmd
