// SPDX-License-Identifier: MIT
// Sizes of files, for people.
#pragma once

#include <cstdint>
#include <string>

namespace tether::cmd {

/// `512 bytes`, `1.5 KiB`, `20 MiB`: three digits at most, as far as that is honest.
std::string human_bytes(std::int64_t bytes);

/// 0 for what is not there.
std::int64_t file_bytes(const std::string& path);

}  // namespace tether::cmd
