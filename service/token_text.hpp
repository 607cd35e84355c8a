// SPDX-License-Identifier: MIT
// A token as its holder has it: `tether_ID_SECRET`, of which the store knows the id and what the whole hashes to. The
// secret is 256 bits of chance, so one SHA-256 is as good as a slow hash: there is nothing to guess.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace tether::service {

struct PresentedToken {
  std::string id;
  std::string hash;
};

/// `id` is a ULID.
std::string make_token_text(std::string_view id, Random& random);

/// 64 hexadecimal digits.
std::string hash_of_token(std::string_view token);

/// nullopt for what cannot be a token of ours: the store need not be asked.
std::optional<PresentedToken> read_token_text(std::string_view token);

/// What stands after `Bearer` in an Authorization header; empty when there is none.
std::string_view bearer_token(std::string_view authorization);

/// In a time that says nothing of where they differ.
bool same_hash(std::string_view one, std::string_view other);

}  // namespace tether::service
