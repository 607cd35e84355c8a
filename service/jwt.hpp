// SPDX-License-Identifier: MIT
// A JSON Web Token (RFC 7519, signed as RFC 7515 says) as proof of who asks. Nothing of it is believed before its
// signature holds under a key of ours, and its header has no say in how that is verified (RFC 8725).
#pragma once

#include <string_view>

#include "service/identity.hpp"
#include "service/jwt_keys.hpp"
#include "service/options.hpp"

namespace tether::service {

/// Longer than any of a person; groups and addresses of pictures fit. All of it is verified for every request.
constexpr std::size_t k_jwt_bytes_max = 8 * 1024;
/// Of issuer and subject, as OpenID Connect has it: they name a holder in logs.
constexpr std::size_t k_jwt_name_bytes_max = 255;

/// Whether the time allows it is not judged here.
Identified identify_jwt(std::string_view token, const JwtKeys& keys, const JwtOptions& options);

}  // namespace tether::service
