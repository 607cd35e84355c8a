// SPDX-License-Identifier: MIT
// Between what a client says and what is stored: names, forced values, what may be written, and what is told. Pure.
// `claims` is the text of an object: what is known for certain of the caller.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/messages.hpp"
#include "rules/model.hpp"
#include "rules/resolve.hpp"

namespace tether::rules {

/// Whether anything of `inbound` would change a mutation of this model.
bool maps_inbound(const Model& model);
/// Whether what is told differs from what is stored, for some caller.
bool maps_outbound(const Model& model);

/// Whether the model is read-only for this caller.
bool is_read_only(const Model& model, std::string_view claims);

/// Whether all conditions hold. A field or claim that is missing makes its condition fail.
bool hold(const Conditions& conditions, std::string_view object, std::string_view claims);
/// Whether this caller may see a record with this payload (as stored).
bool is_visible(const Model& model, std::string_view payload, std::string_view claims);

/// `mutation` with its payload and `before` as they are to be stored: renamed, without fields that may not be written,
/// without values that are only the mask the client was shown, with what is forced. A claim that is missing is
/// Rejected(forbidden), naming it. A delete has no payload and passes as it is.
std::variant<protocol::Mutation, Rejected> inbound(const Model& model, protocol::Mutation mutation,
                                                   const Record& record, std::string_view claims);

/// What `sent` changes although clients may not write it: the fields as stored, with the values that were sent. Only of
/// a writer that says what it changed: an update with `before`, or a create with `base_rev`. The original client says
/// neither and sends whole records, with fields in them that it was only told.
std::string forbidden_changes(const Model& model, const protocol::Mutation& sent);

/// What `sent` changes, by the same token, under names on the wire that are none of the model's, as clients know what
/// is stored there by another one. Null is nothing that could get lost. Not the two names of `timestamps`, which are
/// told.
std::vector<std::string> unstored_changes(const Model& model, const protocol::Mutation& sent);

/// When a record was made and changed, for models that tell it. Microseconds.
struct Times {
  std::int64_t created_us = 0;
  std::int64_t updated_us = 0;
};

/// The payload as a client is told it.
std::string outbound(const Model& model, std::string_view payload, const Times& times);
/// A field's name as clients know it; as it is stored, where they know another one by that name.
std::string outbound_name(const Model& model, std::string_view field);
/// Whether clients may write a stored field.
bool may_be_written(const Model& model, std::string_view field);
/// Whether clients are told a stored field at all.
bool is_told(const Model& model, std::string_view field);

}  // namespace tether::rules
