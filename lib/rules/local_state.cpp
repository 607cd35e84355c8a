// SPDX-License-Identifier: MIT
#include "rules/local_state.hpp"

#include "rules/fields.hpp"

namespace tether::rules {

LocalState after(LocalState state, protocol::Operation operation, std::string_view payload,
                 const std::optional<std::string>& before) {
  switch (operation) {
    case protocol::Operation::create:
      // What was deleted starts anew, as on the server.
      return {.exists = true,
              .deleted = false,
              .payload = state.deleted ? std::string(payload) : overlay(state.payload, payload)};
    case protocol::Operation::update:
      if (!state.exists || state.deleted) return state;
      state.payload = overlay(state.payload, before ? selected(payload, *before) : std::string(payload));
      return state;
    case protocol::Operation::remove:
      if (state.exists) state.deleted = true;
      return state;
  }
  return state;
}

}  // namespace tether::rules
