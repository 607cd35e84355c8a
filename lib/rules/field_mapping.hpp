// SPDX-License-Identifier: MIT
// What a client calls the fields of a model and what the wire does: names, fields that stay here, values that are
// forced. Pure; the service has its own, mapping.hpp. Fields are named unescaped, values are texts of JSON.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/messages.hpp"

namespace tether::rules {

class FieldMapping {
 public:
  std::vector<std::pair<std::string, std::string>> rename;  // from the name here to the one on the wire
  std::vector<std::string> drop;                            // stay here
  std::vector<std::pair<std::string, std::string>> set;     // are sent with this value, by their names here

  /// Whether a field stays here: it is dropped, or its name is taken on the wire by another that is renamed to it.
  bool is_local(std::string_view field) const;
  /// Whether any field may.
  bool has_local() const { return !drop.empty() || !rename.empty(); }

  /// `mutation` as it is sent. A field that is forced to another value than was recorded counts as changed.
  protocol::Mutation to_wire(protocol::Mutation mutation) const;
  /// Whether nothing of it concerns anyone else: an update of fields that stay here.
  bool is_all_local(const protocol::Mutation& mutation) const;

  /// A field's name here. A name that is no field's on the wire is kept.
  std::string name_here(std::string_view wire_name) const;
  /// What the server has, by the names here. What came under its name here, before it was renamed, is still found.
  std::string from_wire(std::string_view payload) const;
  /// `payload` with what is forced.
  std::string forced(std::string_view payload) const;

  /// The fields of `payload` that stay here.
  std::string local_fields(std::string_view payload) const;
  std::string without_local_fields(std::string_view payload) const;
  /// The server's state, with the fields of `here` that stay here where the server says nothing of them.
  std::string with_local_fields(std::string_view servers, std::string_view here) const;

 private:
  std::string_view wire_name(std::string_view field) const;
  bool is_wire_name(std::string_view name) const;
  std::string renamed(std::string_view object) const;
};

/// By model.
using FieldMappings = std::map<std::string, FieldMapping, std::less<>>;

/// What one setting says of a mapping; as in `Task.rename.title`, `Task.drop`, `Task.set.source`.
struct MappingSetting {
  enum class Kind { rename, drop, set };
  std::string model;
  Kind kind = Kind::rename;
  std::string field;  // of rename and set: all that follows, also with dots in it
};

/// Throws Error(usage) for a name that is none.
MappingSetting parse_mapping_setting(std::string_view name);

/// Adds what `name` and `value` say: of a rename the name on the wire, of a drop the fields, separated by commas, of a
/// set a text, or any other value behind `:=`. Throws Error(usage) for a value that is none.
void add_setting(FieldMappings& mappings, std::string_view name, std::string_view value);

/// Throws Error(usage), naming the fields, where two are sent under one name, or one is left out and sent as well.
void check_mapping(const FieldMapping& mapping);

}  // namespace tether::rules
