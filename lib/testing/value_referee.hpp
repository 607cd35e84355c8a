// SPDX-License-Identifier: MIT
// Who wrote each value of a record on the server, and whether whoever replaced it had seen it: told every edit and
// every answer, the referee knows without revs, clocks and authors what must be found in the lists of what lost. Every
// value that is ever written is another one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "authority/losses.hpp"
#include "protocol/messages.hpp"
#include "replica/log.hpp"

namespace tether::testing {

class ValueReferee {
 public:
  struct ServerRecord {
    std::int64_t rev = 0;
    bool deleted = false;
    std::string payload = "{}";
  };

  /// Under a policy for whole records an edit that wins brings all that its writer had, not only what it changed.
  explicit ValueReferee(bool whole_records) : whole_records_(whole_records) {}

  /// What stands for the fact that a record was deleted with its revision `rev`, among the values.
  static std::string death(std::int64_t rev) { return "the delete at " + std::to_string(rev); }
  /// `client` recorded it, and had been shown these values until then, its own among them.
  void saw(const std::string& mutation_id, const std::string& client, const std::set<std::string>& values);
  /// `mutation` alone was answered; then the server had `after`.
  void hear(const protocol::Mutation& mutation, const protocol::PushReply& reply, ServerRecord after);
  /// At the end: what the server lists.
  void look_at_losses(const std::vector<authority::Loss>& losses);
  /// At the end: what the client's own log says.
  void look_at_log(const std::string& client, const std::vector<replica::LogEntry>& log);

  /// A line each; empty is well.
  const std::string& wrong() const { return wrong_; }
  std::size_t lost_values() const { return replaced_.size() + refused_.size(); }

 private:
  struct Written {
    std::string client;
    std::set<std::string> seen;
    protocol::Operation operation = protocol::Operation::create;
  };
  struct Lost {
    std::string value;
    std::string owner;
    std::string mutation_id;  // that replaced it, or that it was sent with
  };

  /// Of what is gone. It may be listed where it was not seen, where the winner says that it saw another value there (it
  /// had deleted the record, and made it anew), and where its owner edited the record behind what the winner had seen:
  /// a client's values are all taken to be of its last edit.
  struct Gone {
    std::string owner;
    bool may_be_listed;
  };

  void find_replaced(const protocol::Mutation& mutation, const ServerRecord& before, const ServerRecord& after);
  void replace(const std::string& value, const protocol::Mutation& mutation, bool says_otherwise);
  void find_stale(const protocol::Mutation& mutation, const ServerRecord& before, const ServerRecord& after);
  void find_refused(const protocol::Mutation& mutation, const protocol::PushReply& reply, const ServerRecord& after);
  std::vector<std::string> values_of(const authority::Loss& loss) const;
  void look_at_overwritten(const authority::Loss& loss, std::set<std::string>& found);
  void complain(const std::string& what) { wrong_ += what + "\n"; }

  std::map<std::string, Written> written_;          // by mutation
  std::map<std::string, std::string> owners_;       // by value
  std::map<std::string, std::int64_t> last_edits_;  // by client: the revision that its last one made
  std::map<std::string, Gone> gone_;                // by winning mutation and value
  std::map<std::string, std::string> revived_;      // the delete that a mutation undid
  std::vector<Lost> replaced_;                      // by someone who had not seen it
  std::vector<Lost> refused_;                       // never taken, and its writer was told so
  ServerRecord record_;
  bool whole_records_;
  std::string wrong_;
};

}  // namespace tether::testing
