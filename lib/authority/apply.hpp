// SPDX-License-Identifier: MIT
// One attempt to apply batches: looks up, decides in order, writes. Private to the authority.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "authority/authority.hpp"
#include "authority/ledger.hpp"
#include "authority/losses.hpp"
#include "protocol/messages.hpp"
#include "rules/model.hpp"
#include "rules/resolve.hpp"

namespace tether::authority {

/// Of the records that an attempt looks at, and of those that an answer tells: a few bytes that name a large record
/// must not cost the server all its memory.
constexpr std::size_t k_held_bytes_max = 4 * 1024 * 1024;

/// Throws Error(too_large).
[[noreturn]] void throw_answer_too_long();

/// What a mutation id is bound to: everything that says what was changed, nothing that a client may learn later.
std::string hash_of(const protocol::Mutation& mutation);

/// What an attempt takes for granted instead of looking it up.
enum class Assume {
  new_work,  // no id was seen before, and what a batch creates is not there: usual, and the guards tell when it is not
             // so
  nothing,
};

enum class Attempted {
  decided,
  overtaken,  // a guard failed: someone else was faster, or something was taken for granted wrongly; roll back and
              // decide again
  asks,       // programs have to be asked first: nothing was written, and the questions are open in the verdict books
  too_much,   // the records that it touches are too large to be held in memory together: nothing was written, and
              // parts of it can be applied one after the other
};

/// What an attempt decides by.
struct Terms {
  const Options& options;
  const rules::Models& models;
  std::int64_t now_us;
  Assume assume = Assume::nothing;
  bool may_ask = true;  // false: what a program should decide and was not asked is answered `error`
};

class Attempt {
 public:
  /// The replies of `together` are empty. All references outlive the attempt.
  Attempt(Ledger& ledger, std::span<Submission* const> together, const Terms& terms);

  /// Decides, writes and fills the replies; `new_epoch` names a scope that is written to for the first time.
  Attempted run(const std::function<std::string()>& new_epoch);
  /// Decides and fills the replies; writes nothing.
  Attempted preview();

 private:
  struct Known {
    Decided decided;
    const Submission* answered_in = nullptr;  // the last one that was told
  };
  struct Touched {
    rules::Record record;
    Rev rev_before{0};
    std::size_t changed_at = 0;  // by which mutation of all, counted from 1, it was changed last
    Submission* changed_by = nullptr;
    bool assumed_absent = false;
    bool waits = false;    // for a program: what follows is decided when that has spoken
    bool put_off = false;  // an edit of it was answered `error`: what follows may stand on that
  };
  using TouchedEntry = std::pair<const EntityRef, Touched>;
  /// A mutation in its batch.
  struct Step {
    Submission& submission;
    const protocol::Mutation& mutation;
    const std::string& hash;
  };
  struct Judged {
    rules::Outcome outcome;
    bool by_program = false;  // that is what a program said
  };

  bool knows_another_epoch(const protocol::PushRequest& request) const;
  void put_off(Submission& submission);
  void decide_nothing(Submission& submission, const std::function<std::string()>& new_epoch);
  bool load();
  void load_decided();
  void hold(std::size_t bytes);
  bool load_records();
  std::vector<EntityRef> entities_to_read();
  bool every_assumption_is_guarded() const;
  void decide_all(Submission& submission);
  void decide(const Step& step);
  std::optional<Judged> outcome_of(const Step& step);
  std::optional<Judged> decide_by(const rules::Model& model, const Step& step, const rules::Writer& writer);
  std::optional<Judged> ask(const rules::Model& model, const Step& step, rules::Question question);
  bool is_expired(const protocol::Mutation& mutation) const;
  std::optional<rules::Rejected> too_large(const std::string& payload) const;
  void settle(const Step& step, Judged judged);
  Decided decided_as(const Step& step, Judged judged);
  void change(const Step& step, Touched& touched, rules::Applied& applied, bool by_program);
  void answer(protocol::PushReply& reply, const MutationId& id, const Decided& decided, bool again);
  bool write(const std::function<std::string()>& new_epoch);
  bool store_changes();
  std::vector<TouchedEntry*> changed_in_order();

  Ledger& ledger_;
  std::span<Submission* const> together_;
  const Terms& terms_;
  std::optional<ScopeHead> head_;
  std::unordered_map<std::string_view, Known> known_;  // by the ids of the requests
  std::unordered_map<EntityRef, Touched, EntityRefHash> touched_;
  std::vector<Decision> decisions_;
  std::vector<Overwritten> overwritten_;
  bool asks_ = false;
  std::size_t held_bytes_ = 0;  // of records that the replies tell
  std::size_t steps_ = 0;       // mutations decided so far
};

}  // namespace tether::authority
