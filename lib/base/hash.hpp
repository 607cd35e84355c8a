// SPDX-License-Identifier: MIT
// A 128-bit content hash (XXH3), to tell whether two texts are the same. It is no defence against an adversary who
// looks for collisions: nothing that it guards harms anyone but its sender.
#pragma once

#include <string>
#include <string_view>

namespace tether {

/// 32 hexadecimal digits.
std::string content_hash(std::string_view text);

/// 16 bytes of XXH3-128 as 26 characters that are a valid ULID: an id that the same text always gets.
std::string ulid_from_content(std::string_view text);

}  // namespace tether
