// SPDX-License-Identifier: MIT
// Why there is no connection: httplib says only that there is none.
#pragma once

#include "net/url.hpp"
#include "replica/transport.hpp"

namespace tether::net {

/// Knocks once more at the address, for a second at most, to hear the system's own reason.
replica::Unreachable why_no_connection(const Url& url, const std::string& numeric_address);

}  // namespace tether::net
