// SPDX-License-Identifier: MIT
// `tether-service token` and `tether-service device`: who may sync, and who did. Each returns the exit code; faults are
// thrown. Results go to `out`, what is only for people to `notes`.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "service/options.hpp"
#include "service/world.hpp"

namespace tether::service {

struct TokenRequest {
  std::string scope;
  std::string client;               // empty: any
  std::string rights;               // as in `push,pull`
  std::string expires;              // a duration; empty: never
  std::vector<std::string> claims;  // each NAME=TEXT or NAME:=JSON
};

/// The token alone is the result: TETHER_TOKEN=$(tether-service token create …).
int create_token(const Options& options, const TokenRequest& request, bool json, World& world, std::ostream& out,
                 std::ostream& notes);
int list_tokens(const Options& options, bool json, World& world, std::ostream& out);
int revoke_token(const Options& options, const std::string& id, World& world, std::ostream& out);

int list_devices(const Options& options, bool json, std::ostream& out);
/// `scope` may be empty when the client was seen in one scope only. `undo` lets it in again.
int revoke_device(const Options& options, const std::string& client, const std::string& scope, bool undo, World& world,
                  std::ostream& out);

}  // namespace tether::service
