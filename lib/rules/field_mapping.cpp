// SPDX-License-Identifier: MIT
#include "rules/field_mapping.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::rules {

namespace {

using protocol::Member;
using protocol::ObjectWriter;

constexpr std::string_view k_forms = "As in models.Task.rename.title, models.Task.drop and models.Task.set.source.";

using Kind = MappingSetting::Kind;

[[noreturn]] void refuse(const std::string& message, std::string_view hint = k_forms) {
  throw Error(ErrorCode::usage, message, std::string(hint));
}

void add_member(ObjectWriter& writer, std::string_view field, std::string_view value) {
  const std::string quoted = json_quoted(field);
  writer.member(std::string_view(quoted).substr(1, quoted.size() - 2), value);
}

/// As JSON; what comes from a command line may be any bytes.
std::string as_json(std::string_view text) {
  if (!is_utf8(text)) refuse("it is not valid UTF-8", "Texts are UTF-8.");
  return json_quoted(text);
}

void check_field_name(std::string_view field) {
  if (field.empty()) refuse("it names no field");
  static_cast<void>(as_json(field));
  if (field == "tether_id") refuse("tether_id is no field: the name carries the entity's id on the wire");
}

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    check_field_name(name);
    names.emplace_back(name);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  if (names.empty()) refuse("it names no field");
  return names;
}

std::string value_in(std::string_view text) {
  constexpr std::string_view k_json = ":=";
  if (!text.starts_with(k_json)) return as_json(text);
  const std::string object = "{\"value\":" + std::string(text.substr(k_json.size())) + "}";
  try {
    protocol::check_object(object);
  } catch (const Error&) {
    refuse("what follows := is no JSON value", "For a text leave := out.");
  }
  const auto all = protocol::members(object);
  if (all.size() != 1) refuse("what follows := is more than one JSON value", "For a text leave := out.");
  return std::string(all.front().value);
}

}  // namespace

std::string_view FieldMapping::wire_name(std::string_view field) const {
  const auto found = std::ranges::find_if(rename, [&](const auto& pair) { return pair.first == field; });
  return found == rename.end() ? field : std::string_view(found->second);
}

bool FieldMapping::is_wire_name(std::string_view name) const {
  return std::ranges::any_of(rename, [&](const auto& pair) { return pair.second == name; });
}

bool FieldMapping::is_local(std::string_view field) const {
  if (std::ranges::find(drop, field) != drop.end()) return true;
  return is_wire_name(field) && wire_name(field) == field;
}

/// What is sent of an object, by the names on the wire.
std::string FieldMapping::renamed(std::string_view object) const {
  ObjectWriter out;
  for (const Member& member : protocol::members(object)) {
    const std::string field = protocol::unescaped(member.key);
    if (is_local(field)) continue;
    const std::string_view name = wire_name(field);
    if (name == field) {
      out.member(member.key, member.value);
    } else {
      add_member(out, name, member.value);
    }
  }
  return std::move(out).finish();
}

protocol::Mutation FieldMapping::to_wire(protocol::Mutation mutation) const {
  if (mutation.operation == protocol::Operation::remove) return mutation;
  const std::string sent = forced(mutation.payload);
  if (mutation.before) {
    const std::string also_changed = earlier_values(mutation.payload, changes(mutation.payload, sent));
    mutation.before = renamed(overlay(also_changed, *mutation.before));
  }
  mutation.payload = renamed(sent);
  return mutation;
}

bool FieldMapping::is_all_local(const protocol::Mutation& mutation) const {
  if (mutation.operation != protocol::Operation::update || !mutation.before) return false;
  const std::vector<std::string> changed = field_names(*mutation.before);
  return !changed.empty() && std::ranges::all_of(changed, [&](const std::string& field) { return is_local(field); });
}

std::string FieldMapping::name_here(std::string_view wire_name) const {
  const auto found = std::ranges::find_if(rename, [&](const auto& pair) { return pair.second == wire_name; });
  return std::string(found == rename.end() ? wire_name : std::string_view(found->first));
}

std::string FieldMapping::from_wire(std::string_view payload) const {
  if (rename.empty()) return std::string(payload);
  const auto all = protocol::members(payload);
  std::set<std::string, std::less<>> brought;  // what came under its name on the wire
  for (const Member& member : all) {
    const std::string field = protocol::unescaped(member.key);
    if (is_wire_name(field)) brought.insert(name_here(field));
  }
  ObjectWriter out;
  for (const Member& member : all) {
    const std::string field = protocol::unescaped(member.key);
    if (is_wire_name(field)) {
      add_member(out, name_here(field), member.value);
    } else if (!brought.contains(field)) {
      out.member(member.key, member.value);
    }
  }
  return std::move(out).finish();
}

std::string FieldMapping::forced(std::string_view payload) const {
  if (set.empty()) return std::string(payload);
  ObjectWriter values;
  for (const auto& [field, value] : set) add_member(values, field, value);
  return overlay(payload, std::move(values).finish());
}

std::string FieldMapping::local_fields(std::string_view payload) const {
  ObjectWriter out;
  for (const Member& member : protocol::members(payload)) {
    if (is_local(protocol::unescaped(member.key))) out.member(member.key, member.value);
  }
  return std::move(out).finish();
}

std::string FieldMapping::without_local_fields(std::string_view payload) const {
  ObjectWriter out;
  for (const Member& member : protocol::members(payload)) {
    if (!is_local(protocol::unescaped(member.key))) out.member(member.key, member.value);
  }
  return std::move(out).finish();
}

std::string FieldMapping::with_local_fields(std::string_view servers, std::string_view here) const {
  if (!has_local()) return std::string(servers);
  return overlay(overlay(servers, local_fields(here)), servers);
}

MappingSetting parse_mapping_setting(std::string_view name) {
  const auto refuse_name = [&] { refuse("'models." + std::string(name) + "' says nothing of a model's fields"); };
  const std::size_t dot = std::min(name.find('.'), name.size());
  MappingSetting setting;
  try {
    setting.model = protocol::parse_model(name.substr(0, dot), "model").value;
  } catch (const Error&) {
    refuse_name();
  }
  const std::string_view rest = name.substr(std::min(dot + 1, name.size()));
  if (rest == "drop") {
    setting.kind = Kind::drop;
    return setting;
  }
  const bool renames = rest.starts_with("rename.");
  if (!renames && !rest.starts_with("set.")) refuse_name();
  setting.kind = renames ? Kind::rename : Kind::set;
  setting.field = rest.substr(rest.find('.') + 1);
  check_field_name(setting.field);
  return setting;
}

void add_setting(FieldMappings& mappings, std::string_view name, std::string_view value) {
  const MappingSetting setting = parse_mapping_setting(name);
  FieldMapping& mapping = mappings[setting.model];
  switch (setting.kind) {
    case Kind::drop:
      mapping.drop = names_in(value);
      return;
    case Kind::set:
      mapping.set.emplace_back(setting.field, value_in(value));
      return;
    case Kind::rename:
      check_field_name(value);
      mapping.rename.emplace_back(setting.field, value);
      return;
  }
}

void check_mapping(const FieldMapping& mapping) {
  std::set<std::string_view> taken;
  for (const auto& [field, name] : mapping.rename) {
    if (!taken.insert(name).second) refuse("two fields would be sent as " + name, "Choose another name for one.");
    if (name == field) refuse(field + " is sent under that name anyway", "Leave it out.");
  }
  for (const std::string& field : mapping.drop) {
    const auto names = [&](const auto& pair) { return pair.first == field; };
    if (std::ranges::any_of(mapping.rename, names)) refuse(field + " is dropped and renamed", "Choose one.");
    if (std::ranges::any_of(mapping.set, names)) refuse(field + " is dropped and set", "Choose one.");
  }
  for (const auto& [field, value] : mapping.set) {
    if (mapping.is_local(field)) refuse(field + " is set, but its name is taken by a field that is renamed to it");
  }
}

}  // namespace tether::rules
