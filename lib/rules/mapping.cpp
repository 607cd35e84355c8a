// SPDX-License-Identifier: MIT
#include "rules/mapping.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::rules {

namespace {

using protocol::find_member;
using protocol::Member;
using protocol::members;
using protocol::ObjectWriter;
using Named = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view k_created_at = "created_at";
constexpr std::string_view k_updated_at = "updated_at";

/// The name of a member, unescaped.
class Name {
 public:
  explicit Name(std::string_view written) : text_(written) {
    if (written.find('\\') == std::string_view::npos) return;
    unescaped_ = protocol::unescaped(written);
    text_ = unescaped_;
  }
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  std::string unescaped_;
};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// What stands beside `name`; null: it is not in the list.
const std::string* find(const Named& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, [](const auto& entry) -> std::string_view { return entry.first; });
  return found == list.end() ? nullptr : &found->second;
}

/// Adds a member whose name is not escaped yet.
void add(ObjectWriter& out, std::string_view name, std::string_view value) {
  const std::string quoted = json_quoted(name);
  out.member(std::string_view(quoted).substr(1, quoted.size() - 2), value);
}

bool is_timestamp(std::string_view told) {
  return told == k_created_at || told == k_updated_at;
}

/// Where a field that clients send is stored. Empty: nowhere, since clients know the field of that name by another one,
/// or are only told it.
std::string_view stored_name(const Model& model, std::string_view sent) {
  if (model.timestamps && is_timestamp(sent)) return {};
  if (const auto* stored = find(model.rename, sent)) return *stored;
  const bool is_taken = std::ranges::any_of(model.rename, [&](const auto& entry) { return entry.second == sent; });
  return is_taken ? std::string_view() : sent;
}

/// As what clients are told a stored field. Empty: not at all, since they know another field by that name.
std::string_view told_name(const Model& model, std::string_view stored) {
  for (const auto& [told, in_store] : model.rename) {
    if (in_store == stored) return told;
  }
  return find(model.rename, stored) != nullptr ? std::string_view() : stored;
}

bool is_mask(const Model& model, std::string_view stored, std::string_view value) {
  const auto* mask = find(model.mask, stored);
  return mask != nullptr && same_value(*mask, value);
}

/// A claim that is null says nothing, and is none.
std::string_view find_claim(std::string_view claims, std::string_view name) {
  const auto value = find_member(claims, name);
  return value == "null" ? std::string_view() : value;
}

/// The elements of an array; any other value is its own element.
std::vector<std::string_view> elements_or_itself(std::string_view value) {
  if (!value.starts_with('[')) return {value};
  std::vector<std::string_view> elements;
  protocol::JsonReader reader(value);
  reader.array([&] { elements.push_back(reader.value()); });
  return elements;
}

bool is_any_of(std::string_view value, const Condition& condition, std::string_view claims) {
  const auto is_same = [&](const Value& wanted) {
    const auto other = wanted.claim.empty() ? std::string_view(wanted.constant) : find_claim(claims, wanted.claim);
    return !other.empty() && same_value(value, other);
  };
  if (std::ranges::any_of(condition.any_of, is_same)) return true;
  if (!condition.any_of_claim) return false;
  const auto claim = find_claim(claims, *condition.any_of_claim);
  if (claim.empty()) return false;
  return std::ranges::any_of(elements_or_itself(claim), [&](auto element) { return same_value(value, element); });
}

/// What `set` makes of the claims. Throws away nothing: every claim that is missing is in `missing`.
struct Forced {
  Named values;
  Named missing;  // the field, and the claim that it needs
};

Forced forced_values(const Model& model, std::string_view claims) {
  Forced forced;
  for (const auto& [field, value] : model.set) {
    const auto text = value.claim.empty() ? std::string_view(value.constant) : find_claim(claims, value.claim);
    if (text.empty()) {
      forced.missing.emplace_back(field, value.claim);
    } else {
      forced.values.emplace_back(field, text);
    }
  }
  return forced;
}

Rejected claims_missing(const Named& missing) {
  ObjectWriter messages;
  for (const auto& [field, claim] : missing) {
    add(messages, field, "[" + json_quoted("the caller has no claim `" + claim + "`") + "]");
  }
  ObjectWriter data;
  data.member("messages", std::move(messages).finish());
  return {.reason = std::string(protocol::reason::k_forbidden), .data = std::move(data).finish()};
}

/// Calls `keep(member, stored name)` for each field that is to be stored as the client says.
template <class Keep>
void for_each_written(const Model& model, std::string_view object, const Named& forced, Keep&& keep) {
  for (const Member& member : members(object)) {
    const Name sent(member.key);
    const auto stored = stored_name(model, sent.text());
    if (stored.empty() || !may_be_written(model, stored) || find(forced, stored) != nullptr) continue;
    keep(member, stored, /*is_renamed=*/stored.data() != sent.text().data());
  }
}

void add_as_stored(ObjectWriter& out, const Member& member, std::string_view stored, bool is_renamed) {
  if (is_renamed) {
    add(out, stored, member.value);
  } else {
    out.member(member.key, member.value);
  }
}

std::string stored_payload(const Model& model, std::string_view sent, const Named& forced) {
  ObjectWriter out;
  for_each_written(model, sent, forced, [&](const Member& member, std::string_view stored, bool is_renamed) {
    if (!is_mask(model, stored, member.value)) add_as_stored(out, member, stored, is_renamed);
  });
  for (const auto& [field, value] : forced) add(out, field, value);
  return std::move(out).finish();
}

/// A field that the client sends as the mask it was shown has not been changed, whatever `before` says. Where it sends
/// a new value, the mask stays in `before`: what it had seen is unknown, so that the field counts as changed by whoever
/// else did. Of a forced field the writer has seen what is stored: so it is taken from the mutation.
std::string stored_before(const Model& model, std::string_view before, std::string_view sent, const Named& forced,
                          std::string_view record) {
  ObjectWriter out;
  for_each_written(model, before, forced, [&](const Member& member, std::string_view stored, bool is_renamed) {
    const bool is_masked = find(model.mask, stored) != nullptr;
    if (is_masked && is_mask(model, stored, find_member(sent, Name(member.key).text()))) return;
    add_as_stored(out, member, stored, is_renamed);
  });
  for (const auto& [field, value] : forced) {
    const auto earlier = find_member(record, field);
    add(out, field, earlier.empty() ? "null" : earlier);
  }
  return std::move(out).finish();
}

/// What the writer says that it changed, with the values that it sent.
std::string said_changes(const protocol::Mutation& sent) {
  using protocol::Operation;
  if (sent.operation == Operation::create && sent.base_rev) return sent.payload;
  if (sent.operation != Operation::update || !sent.before) return "{}";
  return changes(*sent.before, selected(sent.payload, *sent.before));
}

}  // namespace

bool maps_inbound(const Model& model) {
  return model.fields || !model.except.empty() || !model.rename.empty() || !model.mask.empty() || !model.set.empty() ||
         model.timestamps;
}

bool maps_outbound(const Model& model) {
  return !model.hide.empty() || !model.mask.empty() || !model.rename.empty() || model.timestamps;
}

bool is_read_only(const Model& model, std::string_view claims) {
  if (model.read_only) return true;
  if (model.read_only_if.empty()) return false;
  return std::ranges::all_of(model.read_only_if, [&](const Condition& condition) {
    const auto claim = find_claim(claims, condition.field);
    if (claim.empty()) return false;
    return std::ranges::any_of(elements_or_itself(claim),
                               [&](auto element) { return is_any_of(element, condition, claims); });
  });
}

bool hold(const Conditions& conditions, std::string_view object, std::string_view claims) {
  return std::ranges::all_of(conditions, [&](const Condition& condition) {
    const auto value = find_member(object, condition.field);
    return !value.empty() && is_any_of(value, condition, claims);
  });
}

bool is_visible(const Model& model, std::string_view payload, std::string_view claims) {
  return hold(model.visible, payload, claims);
}

std::variant<protocol::Mutation, Rejected> inbound(const Model& model, protocol::Mutation mutation,
                                                   const Record& record, std::string_view claims) {
  if (mutation.operation == protocol::Operation::remove || !maps_inbound(model)) return mutation;
  const auto forced = forced_values(model, claims);
  if (!forced.missing.empty()) return claims_missing(forced.missing);
  if (mutation.before) {
    mutation.before = stored_before(model, *mutation.before, mutation.payload, forced.values, record.payload);
  }
  mutation.payload = stored_payload(model, mutation.payload, forced.values);
  return mutation;
}

std::string forbidden_changes(const Model& model, const protocol::Mutation& sent) {
  if (!model.fields && model.except.empty()) return "{}";
  const std::string said = said_changes(sent);
  ObjectWriter out;
  for (const Member& member : members(said)) {
    const Name name(member.key);
    const auto stored = stored_name(model, name.text());
    if (stored.empty() || may_be_written(model, stored) || is_mask(model, stored, member.value)) continue;
    const bool is_forced = std::ranges::any_of(model.set, [&](const auto& forced) { return forced.first == stored; });
    if (!is_forced) add(out, stored, member.value);
  }
  return std::move(out).finish();
}

std::vector<std::string> unstored_changes(const Model& model, const protocol::Mutation& sent) {
  std::vector<std::string> names;
  if (model.rename.empty()) return names;
  const std::string said = said_changes(sent);
  for (const Member& member : members(said)) {
    const Name name(member.key);
    const bool is_own_time = model.timestamps && is_timestamp(name.text());
    const bool is_stored = is_own_time || !stored_name(model, name.text()).empty();
    if (!is_stored && member.value != "null") names.emplace_back(name.text());
  }
  return names;
}

std::string outbound(const Model& model, std::string_view payload, const Times& times) {
  if (!maps_outbound(model)) return std::string(payload);
  ObjectWriter out;
  for (const Member& member : members(payload)) {
    const Name stored(member.key);
    if (contains(model.hide, stored.text())) continue;
    const auto told = told_name(model, stored.text());
    if (told.empty() || (model.timestamps && is_timestamp(told))) continue;
    const auto* mask = member.value == "null" ? nullptr : find(model.mask, stored.text());
    const auto value = mask != nullptr ? std::string_view(*mask) : member.value;
    if (told.data() == stored.text().data()) {
      out.member(member.key, value);
    } else {
      add(out, told, value);
    }
  }
  if (model.timestamps) {
    out.text_member(k_created_at, rfc3339_us(from_us(times.created_us)));
    out.text_member(k_updated_at, rfc3339_us(from_us(times.updated_us)));
  }
  return std::move(out).finish();
}

bool may_be_written(const Model& model, std::string_view field) {
  if (model.fields) return contains(*model.fields, field);
  return !contains(model.except, field);
}

bool is_told(const Model& model, std::string_view field) {
  return !contains(model.hide, field) && !told_name(model, field).empty();
}

std::string outbound_name(const Model& model, std::string_view field) {
  const auto told = told_name(model, field);
  return std::string(told.empty() ? field : told);
}

}  // namespace tether::rules
