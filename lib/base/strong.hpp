// SPDX-License-Identifier: MIT
// Strong types: a value that cannot be mistaken for another of the same representation. Parse once at the edge;
// interiors take these only.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace tether {

template <class Tag, class Rep>
struct Strong {
  Rep value{};
  auto operator<=>(const Strong&) const = default;
};

using ModelName = Strong<struct ModelNameTag, std::string>;    // `Task`: 1–128 bytes, [A-Za-z_][A-Za-z0-9_]*
using EntityId = Strong<struct EntityIdTag, std::string>;      // 1–64 bytes; a ULID when made by us
using MutationId = Strong<struct MutationIdTag, std::string>;  // a ULID, 26 characters
using ClientId = Strong<struct ClientIdTag, std::string>;      // 1–128 bytes
using Scope = Strong<struct ScopeTag, std::string>;            // the unit of isolation and of ordering
using Rev = Strong<struct RevTag, std::int64_t>;        // an entity's revision on the server, from 1; 0: never seen
using Cursor = Strong<struct CursorTag, std::int64_t>;  // µs, strictly increasing per scope in commit order

/// One entity of one model: ids need to be unique within a model only.
struct EntityKey {
  ModelName model;
  EntityId id;
  auto operator<=>(const EntityKey&) const = default;
};

}  // namespace tether

template <class Tag, class Rep>
struct std::hash<tether::Strong<Tag, Rep>> {
  std::size_t operator()(const tether::Strong<Tag, Rep>& s) const { return std::hash<Rep>{}(s.value); }
};

template <>
struct std::hash<tether::EntityKey> {
  std::size_t operator()(const tether::EntityKey& key) const {
    return std::hash<std::string>{}(key.id.value) * 31 + std::hash<std::string>{}(key.model.value);
  }
};
