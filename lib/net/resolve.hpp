// SPDX-License-Identifier: MIT
// The addresses of a name, in bounded time: the system's own way to ask waits for a nameserver as long as it likes, and
// nothing can interrupt it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tether::net {

struct Addresses {
  std::vector<std::string> numeric;  // in the order to try them
  std::string failure;               // why there are none
};

using Lookup = std::function<Addresses(const std::string& host)>;

/// Asks the system, however long that takes.
Addresses look_up(const std::string& host);

bool is_numeric_address(const std::string& host);

/// Nothing when there is no answer before `deadline`, or once `is_given_up` says so; the thread that asked is then left
/// to itself.
std::optional<Addresses> resolve(const std::string& host, std::chrono::steady_clock::time_point deadline,
                                 const std::function<bool()>& is_given_up, const Lookup& lookup = look_up);

}  // namespace tether::net
