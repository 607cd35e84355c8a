// SPDX-License-Identifier: MIT
// Names that stand on the command line: what is no name there is wrong usage, not bad data.
#pragma once

#include <string>

#include "base/error.hpp"
#include "protocol/codec.hpp"

namespace tether::cmd {

/// Runs `body`; what it calls invalid_input is wrong usage.
template <typename Body>
auto as_usage(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_input) throw;
    throw Error(ErrorCode::usage, e.what(), e.hint());
  }
}

inline ModelName model_argument(const std::string& text, std::string_view name = "MODEL") {
  return as_usage([&] { return protocol::parse_model(text, name); });
}

inline EntityId id_argument(const std::string& text, std::string_view name = "ID") {
  return as_usage([&] { return protocol::parse_entity_id(text, name); });
}

}  // namespace tether::cmd
