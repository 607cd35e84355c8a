// SPDX-License-Identifier: MIT
// Base64 with `-` and `_` and without padding (RFC 4648, section 5), as JSON Web Tokens and their keys are written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tether::service {

/// nullopt for anything that encode_base64url would not have written: one text for each value.
std::optional<std::string> decode_base64url(std::string_view text);

std::string encode_base64url(std::string_view bytes);

}  // namespace tether::service
