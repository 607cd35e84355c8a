// SPDX-License-Identifier: MIT
// Why a server refused a mutation, what one lost that it merged, and what others took the place of later, in one line
// for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/messages.hpp"

namespace tether::cmd {

/// `validation_failed: title: must not be empty; owner: is unknown`. `data` is what came with the reason; what it says
/// besides messages is left out. Safe to print, whatever a server sent.
std::string rejection_text(std::string_view reason, std::string_view data);

/// `lost: title, hours`. Safe to print.
std::string lost_text(const std::vector<std::string>& fields);

/// `overwritten by 01J… at 2026-11-21T20:49:00.123Z: title, hours`. Safe to print.
std::string overwritten_text(const protocol::OverwriteReport& report);

}  // namespace tether::cmd
