// SPDX-License-Identifier: MIT
// Why a server refused a mutation, in one line for people.
#pragma once

#include <string>
#include <string_view>

namespace tether::cmd {

/// `validation_failed: title: must not be empty; owner: is unknown`. `data` is what came with the reason; what it says
/// besides messages is left out. Safe to print, whatever a server sent.
std::string rejection_text(std::string_view reason, std::string_view data);

}  // namespace tether::cmd
