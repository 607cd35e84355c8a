// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace tether::service {

/// Replies shorter than this are sent as they are: they fit into one packet anyway.
constexpr std::size_t k_gzip_bytes_min = 1'400;

/// `text` as a gzip stream, at the fastest level: JSON shrinks to a fifth and the sender is not held up.
std::string gzipped(std::string_view text);

}  // namespace tether::service
