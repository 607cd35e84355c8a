// SPDX-License-Identifier: MIT
// Finds and loads libtether-net.so, at most once.
#pragma once

#include <memory>
#include <string>

#include "net/http_transport.hpp"
#include "replica/transport.hpp"

namespace tether::cmd {

/// Looks in $TETHER_LIB_DIR where it is set, else in ../lib/tether beside the program's own folder. Throws
/// Error(internal), saying where it looked, when the module cannot be loaded.
std::unique_ptr<replica::Transport> load_http_transport(const net::HttpOptions& options);

}  // namespace tether::cmd
