// SPDX-License-Identifier: MIT
// What is said to a program that decides, and what it says: a line of JSON each (service/MODELS.md, "Programs that
// decide"). Payloads pass as the text that they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/verdict.hpp"

namespace tether::service {

/// With its newline, and no other in it.
std::string question_line(std::int64_t id, const rules::Question& question);

/// Reads the answer to question `id`. Throws Error(invalid_input): it is no JSON, answers something else, or says none
/// or several of apply, delete, keep and reject. Never NoAnswer. Messages of a refusal become `{"messages": …}`.
rules::Verdict read_verdict(std::string_view line, std::int64_t id);

}  // namespace tether::service
