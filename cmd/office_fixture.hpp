// SPDX-License-Identifier: MIT
// People at terminals who sync: with a server in the same process, or with one that says what a test wants.
#pragma once

#include <memory>
#include <string>

#include "cmd/desk.hpp"
#include "testing/world.hpp"

namespace tether::cmd {

/// Two people and a server.
struct Office {
  testing::World world{7};
  testing::TemporaryDirectory folder;
  TransportFactory wire = [this](const net::HttpOptions&) {
    return std::make_unique<testing::FakeTransport>(world.wire());
  };
  Desk ann{folder.file("ann.db"), world.clock(), world.random(), wire};
  Desk ben{folder.file("ben.db"), world.clock(), world.random(), wire};

  std::string create(Desk& desk, const std::string& title) {
    return value_behind(desk.type({"--json", "record", "create", "Task", "title=" + title}).out, R"("id":")");
  }
};

/// One person, and answers of any kind.
struct Stage {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  PuppetScript script;
  Desk ann{folder.file("ann.db"), clock, random, puppet_server(script)};

  /// Each answer takes the one mutation that was sent, and says that `lost` of it is not what is stored.
  void merge_losing(const std::string& lost) {
    script = [lost](replica::Call, const std::string& request) {
      const std::string id = value_behind(request, R"("mutation_id":")");
      return replica::Reply{R"({"applied":[")" + id + R"("],"merged":[")" + id + R"("],"lost":{")" + id + R"(":)" +
                            lost + "}}"};
    };
  }
  /// Each answer refuses the one mutation that was sent.
  void refuse_with(const std::string& reason, const std::string& data) {
    script = [reason, data](replica::Call, const std::string& request) {
      const std::string id = value_behind(request, R"("mutation_id":")");
      return replica::Reply{R"({"applied":[],"conflicts":[],"rejected":[{"mutation_id":")" + id + R"(","reason":")" +
                            reason + R"(","data":)" + data + "}]}"};
    };
  }
};

}  // namespace tether::cmd
