// SPDX-License-Identifier: MIT
// A referee who knows who wrote which value of every record on the server: it looks at each before and after a push.
// What the server says of values that were overwritten is held against that.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "protocol/messages.hpp"
#include "sql/database.hpp"

namespace tether::testing {

class Authorship {
 public:
  /// The server has answered, and nothing was pushed since.
  void hear(const protocol::PushRequest& request, const protocol::PushReply& reply, sql::Database& store);

  /// Each value that was overwritten and of which the server says that somebody else had written it.
  std::vector<std::string> misattributed(sql::Database& store) const;

 private:
  struct Field {
    std::string value;
    std::string author;
  };
  struct State {
    std::int64_t rev = 0;
    bool deleted = true;
    std::map<std::string, Field> fields;
  };

  void look_at(State& state, const std::string& record, const std::string& writer, sql::Database& store);

  std::map<std::string, State> now_;                          // by record
  std::map<std::string, std::map<std::int64_t, State>> was_;  // and revision
};

}  // namespace tether::testing
