// SPDX-License-Identifier: MIT
// Well-formed UTF-8 as Unicode defines it (table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tether {

/// The length of the well-formed character that `text` starts with: 1 to 4 bytes, 0 when it starts with none.
std::size_t utf8_character(std::string_view text);

/// Whether all of `text` is well-formed.
bool is_utf8(std::string_view text);

/// Appends a code point (not a surrogate, at most U+10FFFF).
void append_utf8(std::string& out, char32_t code_point);

/// The longest prefix of at most `bytes_max` bytes that cuts no character in two.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

}  // namespace tether
