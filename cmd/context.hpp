// SPDX-License-Identifier: MIT
// What a command is given: the file it works on, its settings, time, chance, a place to speak, and the way to the
// server. Nothing is opened before a command asks for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "cmd/command_line.hpp"
#include "cmd/output.hpp"
#include "cmd/settings.hpp"
#include "net/http_transport.hpp"
#include "replica/exchange.hpp"
#include "replica/file.hpp"
#include "replica/transport.hpp"

namespace tether::cmd {

/// Makes a transport; the real one loads the network module.
using TransportFactory = std::function<std::unique_ptr<replica::Transport>(const net::HttpOptions&)>;

/// What the world is made of; main fills it from the process, a test with its own.
struct World {
  Clock& clock;
  Random& random;
  Environment environment;
  TransportFactory transport;
  std::string working_directory;
  int input = 0;  // the descriptor that `-` and --stdin read
};

class Context {
 public:
  Context(Globals globals, World world, Terminal& terminal);

  Terminal& terminal() { return terminal_; }
  Clock& clock() { return world_.clock; }
  Random& random() { return world_.random; }
  const Environment& environment() const { return world_.environment; }
  int input() const { return world_.input; }
  bool json() const { return globals_.json; }

  /// --db, else $TETHER_DB, else the nearest tether.db in this folder or a parent. Throws Error(not_found) when there
  /// is none.
  std::string file_path() const;
  /// Where `init` makes the file: --db, else $TETHER_DB, else tether.db in this folder.
  std::string new_file_path() const;
  replica::File open_file();
  replica::File open_file_read_only();

  Settings settings(replica::File& file, const SettingValues& flags = {});

  /// A transport for each request that is under way at once, and the patience that the settings ask for, for the length
  /// of a command.
  class Connection {
   public:
    Connection(Context& context, net::HttpOptions options, replica::Patience patience);
    replica::Exchange& exchange() { return exchange_; }

   private:
    std::vector<std::unique_ptr<replica::Transport>> transports_;
    replica::Exchange exchange_;
  };
  std::unique_ptr<Connection> connect(const Settings& settings);

  /// From now on Ctrl-C, SIGTERM and SIGHUP are noted instead of ending the process; a second one ends it.
  void catch_interrupts();
  /// Whether one was noted.
  bool interrupted() const;
  /// Throws Error(interrupted), saying `what_stands`, once one was noted.
  void stop_if_interrupted(std::string_view what_stands = "everything committed so far stays") const;

 private:
  /// Taking a new client id is nothing to find out by chance.
  void say_once_that_it_is_a_copy(replica::File& file);

  Globals globals_;
  World world_;
  Terminal& terminal_;
};

/// Milliseconds since it was made, by the clock that the world has: exact under TETHER_NOW.
class Stopwatch {
 public:
  explicit Stopwatch(Clock& clock) : clock_(clock), started_(clock.now()) {}
  std::int64_t elapsed_ms();

 private:
  Clock& clock_;
  Instant started_;
};

}  // namespace tether::cmd
