// SPDX-License-Identifier: MIT
// One attempt to apply a batch: looks up, decides in order, writes. Private to the authority.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "authority/authority.hpp"
#include "authority/ledger.hpp"
#include "protocol/messages.hpp"
#include "rules/resolve.hpp"

namespace tether::authority {

/// What a mutation id is bound to: everything that says what was changed, nothing that a client may learn later.
std::string hash_of(const protocol::Mutation& mutation);

/// What an attempt takes for granted instead of looking it up.
enum class Assume {
  new_work,  // no id was seen before, and what a batch creates is not there: usual, and the guards tell when it is not
             // so
  nothing,
};

class Attempt {
 public:
  /// `hashes` holds hash_of every mutation. All references outlive the attempt.
  Attempt(Ledger& ledger, const protocol::PushRequest& request, const std::vector<std::string>& hashes,
          const Options& options, std::int64_t now_us, Assume assume);

  /// Decides and writes; `new_epoch` names a scope that is written to for the first time. False when a guard failed:
  /// the transaction has to be rolled back and the batch decided again.
  bool run(const std::function<std::string()>& new_epoch);

  protocol::PushReply take_reply() && { return std::move(reply_); }

 private:
  struct Known {
    Decided decided;
    bool answered = false;
  };
  struct Touched {
    rules::Record record;
    Rev rev_before{0};
    std::size_t changed_by = 0;  // the last mutation that changed it, counted from 1
    bool assumed_absent = false;
  };

  bool knows_another_epoch() const;
  void decide_nothing(const std::function<std::string()>& new_epoch);
  void load();
  std::vector<EntityRef> entities_to_read();
  bool every_assumption_is_guarded() const;
  void decide(std::size_t index);
  rules::Outcome outcome_of(std::size_t index);
  bool is_expired(const protocol::Mutation& mutation) const;
  void settle(const protocol::Mutation& mutation, std::size_t index, rules::Outcome outcome);
  Decided decided_as(const protocol::Mutation& mutation, std::size_t index, rules::Outcome outcome);
  void answer(const MutationId& id, const Decided& decided, bool again);
  bool write(const std::function<std::string()>& new_epoch);
  std::vector<RecordChange> changes();

  Ledger& ledger_;
  const protocol::PushRequest& request_;
  const std::vector<std::string>& hashes_;
  const Options& options_;
  std::int64_t now_us_;
  Assume assume_;
  std::optional<ScopeHead> head_;
  std::unordered_map<std::string_view, Known> known_;  // by the ids of the request
  std::unordered_map<EntityRef, Touched, EntityRefHash> touched_;
  std::vector<Decision> decisions_;
  protocol::PushReply reply_;
};

}  // namespace tether::authority
