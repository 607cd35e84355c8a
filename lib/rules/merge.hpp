// SPDX-License-Identifier: MIT
// Three-way merge of one record, field by field: what the writer had seen (base), what it wrote (ours), what the server
// has by now (theirs). Pure. A field that only one side changed keeps that side's value; one that both changed to
// different values is decided by its strategy. Values are texts of JSON and are passed on as they were written.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tether::rules {

/// What becomes of a field that both sides changed. `max`, `min`, `counter` and `set` promise that edits of one state
/// may arrive in any order: numbers come out equal (two edits, or edits written with equally many decimals, to the
/// digit), sets with the same elements, in the order of arrival. That is for one edit of the field by each writer. A
/// second one, upon the writer's own first, keeps the promise with `counter` always, and with `set` as long as it takes
/// back nothing that the first added or removed; with `max` and `min` it is not promised: what others wrote meanwhile
/// is not to be told from the writer's own value, and goes with it. `counter` and `append` count every edit: what two
/// people added alike is there twice.
enum class Strategy {
  lww,      // ours, if it was made later than the last edit (of any field) that had not been seen, or at the same time
  server,   // what the server has
  client,   // what arrives
  max,      // the larger number
  min,      // the smaller number
  counter,  // both differences to the base count; a base that was not there is 0
  set,      // of an array: the union of what is there and what was added, less what was removed
  append,   // of an array or a text: what ours put behind the base goes behind what is there
  text,     // a text merged line by line (text_merge.hpp); lines that both changed make a conflict
  manual,   // the whole edit becomes a conflict
};

/// As in a models file: `lww`, `server`, …
std::optional<Strategy> strategy_named(std::string_view name);
std::string_view name(Strategy strategy);
/// All of them, for messages.
std::vector<std::string_view> strategy_names();

/// Which strategy a model's fields have.
class Strategies {
 public:
  /// `field` is a name as people read it (unescaped); `*` names all fields without one of their own.
  void set(std::string_view field, Strategy strategy);
  Strategy of(std::string_view field) const;

 private:
  std::vector<std::pair<std::string, Strategy>> by_field_;  // sorted by field
  Strategy others_ = Strategy::lww;
};

struct MergeInput {
  std::string_view before;     // the base values of just the fields that ours changed; null where there was none
  std::string_view ours;       // the payload that was sent; only its fields named in `before` are looked at
  std::string_view theirs;     // the record's payload
  bool ours_is_later = false;  // than the last edit that its writer had not seen, or as late; decides `lww`
  std::span<const std::string> guessed = {};  // fields whose value in theirs the writer is not told: under `lww` only
                                              // the time decides, so that the answer says nothing of it
};

struct Merge {
  std::string payload;                   // theirs with what was taken of ours: order of theirs, new fields behind
  std::vector<std::string> lost_ours;    // fields whose sent value is not what is stored, nor contained in it
  std::vector<std::string> lost_theirs;  // fields whose value was there and was overwritten by one that had not seen it
  std::vector<std::string> disputed;     // fields that a person has to decide (`manual`, `text` that clashes, values of
                                         // a type that the strategy cannot merge): then nothing of ours is stored,
                                         // payload is theirs, and nothing is lost
};

/// A field that both sides set to the same value is no dispute. A strategy that cannot work on the values (a counter of
/// texts or of a field that someone cleared, numbers beyond all measure) disputes the field. All texts are valid. Field
/// names come unescaped, in the order of ours.
Merge merge(const MergeInput& input, const Strategies& strategies);

}  // namespace tether::rules
