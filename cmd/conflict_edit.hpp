// SPDX-License-Identifier: MIT
// A conflict as a text to edit: the record as it may stand, one field a line, with base, mine and theirs as comments
// above each field that is in dispute.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cmd/context.hpp"
#include "replica/conflicts.hpp"

namespace tether::cmd {

/// What is edited: the conflict, and the fields of the record as it stands now; nullopt where it is deleted.
struct Disputed {
  replica::ConflictView conflict;
  std::optional<std::string> now;
};

/// Proposed is what stands now, with what only mine changed, and mine of what both changed. Above it, for
/// is_made_over(), a hash of what stands now.
std::string text_to_edit(const Disputed& disputed);

/// Whether a text was made over the record as it stands now.
bool is_made_over(std::string_view text, const Disputed& disputed);

/// A new text, with what was written over an earlier state beneath it as comments.
std::string text_to_edit_again(const Disputed& disputed, std::string_view written);

/// What was left of it; nullopt: nothing but comments. Throws Error(invalid_input) for what is no JSON object.
std::optional<std::string> edited_object(std::string_view text);

/// The fields of `object` that are not as the record already is. What is as the person found it is not their word, so
/// that it does not undo what arrives while they write; what they chose is, though it be theirs.
replica::Resolution resolution_by(const Disputed& disputed, std::string_view object);

/// Opens the editor and hands what was written to `resolve`. Until that returned, the text lies beside `file`, from
/// where the same command goes on with it; only a text that nobody changed is not kept. What was written over another
/// state of the record than the present one is shown, and settles nothing. `is_open` says whether the conflict still
/// is: it may be resolved elsewhere while a person writes. Throws Error(invalid_input) for a text that was not saved,
/// or was emptied.
void resolve_in_editor(Context& context, const std::string& file, const Disputed& disputed,
                       const std::function<void(const replica::Resolution&)>& resolve,
                       const std::function<bool()>& is_open);

}  // namespace tether::cmd
