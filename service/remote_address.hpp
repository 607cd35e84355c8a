// SPDX-License-Identifier: MIT
// Who is on the other side, when proxies may stand in between.
#pragma once

#include <string>
#include <string_view>

namespace tether::service {

/// The address that the outermost of `proxies` trusted proxies saw: each appends the one that it was asked from to
/// X-Forwarded-For, so it stands that far from the right; what stands before it anybody may have written. `connected`
/// where there are no proxies, or no address stands there.
std::string remote_address(const std::string& connected, std::string_view forwarded_for, std::size_t proxies);

/// What one sender can hardly have many of: an IPv4 address, or the /64 that an IPv6 connection usually gets whole.
std::string network_of(const std::string& address);

}  // namespace tether::service
