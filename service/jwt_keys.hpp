// SPDX-License-Identifier: MIT
// The keys that JSON Web Tokens are verified with: one from a file, or those of a JWKS file, told apart by their `kid`.
// Safe from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "service/jwt_key.hpp"
#include "service/options.hpp"

namespace tether::service {

class JwtKeys {
 public:
  /// Throws what load() throws.
  explicit JwtKeys(const JwtOptions& options);

  /// Reads the file anew, for requests from now on. Throws Error(usage) that says what is wrong with it, and keeps what
  /// it had.
  void load();

  /// The only key there can be for a token that names `id`, or none; null when there is none. A key of its own file
  /// serves every token; of a JWKS file with one key, those that name none too.
  std::shared_ptr<const JwtKey> find(const std::optional<std::string>& id) const;

  /// `an ES256 key from jwt.pem`, or `2 of 3 keys from jwks.json: ES256 a, RS256 b`
  std::string description() const;

 private:
  struct Set {
    std::vector<std::shared_ptr<const JwtKey>> keys;
    std::size_t seen = 0;  // with those that are meant for something else
  };
  Set read_file() const;
  std::shared_ptr<const Set> current() const;

  const std::string path_;
  const bool is_jwks_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Set> set_;
};

}  // namespace tether::service
