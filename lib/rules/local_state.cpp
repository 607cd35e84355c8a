// SPDX-License-Identifier: MIT
#include "rules/local_state.hpp"

#include "protocol/payload.hpp"
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

LocalState after_taken(LocalState state, const LocalState& server, protocol::Operation operation,
                       std::string_view payload, const std::optional<std::string>& before) {
  if (operation == protocol::Operation::remove || !state.exists || state.deleted) return server;
  if (!server.exists || server.deleted) return state;
  const std::string_view written = before ? std::string_view(*before) : payload;
  state.payload = overlay(state.payload, selected(server.payload, written));
  for (const std::string& field : field_names(written)) {
    if (protocol::find_member(server.payload, field).empty()) {
      state.payload = protocol::without_member(state.payload, field);
    }
  }
  return state;
}

}  // namespace tether::rules
