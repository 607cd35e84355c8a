// SPDX-License-Identifier: MIT
#include "cmd/named_entity.hpp"

#include "cmd/named_id.hpp"
#include "replica/records.hpp"

namespace tether::cmd {

namespace {

constexpr std::int64_t k_asked_max = 5;  // an exact one comes first; of others a few are named

}  // namespace

EntityKey entity_named(sql::Transaction& transaction, const EntityKey& typed) {
  NamedId name(typed.id.value);
  for (const std::string_view beginning : name.beginnings()) {
    for (const EntityId& id : replica::ids_beginning(transaction, typed.model, beginning, k_asked_max)) {
      name.offer(id.value, id.value);
    }
  }
  if (!name.is_found()) return typed;
  return {typed.model, {name.only_one(typed.model.value, "`tether list " + typed.model.value + "` shows all.")}};
}

}  // namespace tether::cmd
