// SPDX-License-Identifier: MIT
// The local state as people ask for it: one entity, all of a model, or what models there are.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strong.hpp"
#include "replica/file.hpp"

namespace tether::replica {

struct RecordView {
  EntityKey key;
  std::string payload;
  bool deleted = false;
  bool pending = false;  // an edit of it is not on the server yet
  Rev rev{0};
  std::int64_t updated_at_ms = 0;
  std::optional<std::string> base = std::nullopt;  // the server's state beneath open edits
  bool base_deleted = false;
  bool failed = false;    // an edit of it was refused, and nothing was done about that yet
  bool conflict = false;  // so was one that stands against somebody else's
};

struct ListOptions {
  ModelName model;
  std::vector<std::pair<std::string, std::string>> where;  // field = value; value as text, see matches()
  bool include_deleted = false;
};

/// Whether member `field` of `payload` is `value`: of a string its text, of anything else the text as written (`3`,
/// `true`, `null`). A missing member equals nothing.
bool matches(std::string_view payload, std::string_view field, std::string_view value);

/// In the order of entity ids; rows are read as they are handed out.
void list(sql::Transaction& transaction, const ListOptions& options,
          const std::function<void(const RecordView&)>& sink);

std::optional<RecordView> find(sql::Transaction& transaction, const EntityKey& key);

struct ModelCount {
  ModelName model;
  std::int64_t records = 0;  // without those that are deleted
  std::int64_t pending = 0;  // of all: an edit is not on the server yet
  std::int64_t deleted = 0;
};

/// Every model of which there are records, by name.
void list_models(sql::Transaction& transaction, const std::function<void(const ModelCount&)>& sink);

/// The first ids of a model that begin with `beginning`, in their order; of records, and of the log, which may have
/// more.
std::vector<EntityId> ids_beginning(sql::Transaction& transaction, const ModelName& model, std::string_view beginning,
                                    std::int64_t count_max);

}  // namespace tether::replica
