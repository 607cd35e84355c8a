// SPDX-License-Identifier: MIT
// What the doctor asks the server: is it there, what does it speak, what time is it there, does it know us?
#pragma once

#include <chrono>
#include <vector>

#include "cmd/context.hpp"
#include "replica/upkeep.hpp"

namespace tether::cmd {

/// Throws nothing: offline is a warning, anything else that goes wrong a failed check.
std::vector<replica::Check> check_server(Context& context, replica::File& file, const SettingValues& flags);

/// `skew` is the server's clock minus ours.
replica::Check clock_check(std::chrono::milliseconds skew);

}  // namespace tether::cmd
