// SPDX-License-Identifier: MIT
// For tests: a person at a terminal with a file of their own. What they type goes through the whole program, what it
// says comes back as text.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/program.hpp"

namespace tether::cmd {

struct Said {
  int status = 0;
  std::string out;
  std::string err;
};

class Desk {
 public:
  /// `path` is the file, which is made. All that is given outlives the desk.
  Desk(std::string path, Clock& clock, Random& random, TransportFactory transport)
      : path_(std::move(path)), clock_(clock), random_(random), transport_(std::move(transport)) {
    type({"init"});
  }

  /// Everything behind `tether --db FILE`, or with another --db in front. Requests are not repeated unless the words
  /// say so.
  Said type(std::vector<std::string> words) {
    Said said;
    Terminal terminal([&](std::string_view text) { said.out += text; },
                      [&](std::string_view text) { said.err += text; });
    terminal.options.width = width;
    terminal.options.progress = shows_bars;
    terminal.options.patience = {};
    if (words.front() != "--db") words.insert(words.begin(), {"--db", path_});
    World world{clock_, random_, [this](const std::string& name) { return variable(name); }, transport_, "/"};
    said.status = run_program(words, std::move(world), terminal);
    terminal.flush();
    return said;
  }

  const std::string& path() const { return path_; }

  std::string server = "http://127.0.0.1:1";  // $TETHER_SERVER; empty: not set
  std::string editor;                         // $EDITOR; empty: not set
  int width = 0;                              // of the terminal; 0: a pipe
  bool shows_bars = false;                    // stderr is a terminal; bars show at once

 private:
  std::optional<std::string> variable(const std::string& name) const {
    if (name == "TETHER_SERVER" && !server.empty()) return server;
    if (name == "TETHER_RETRY_FOR") return "0s";
    if (name == "EDITOR" && !editor.empty()) return editor;
    return std::nullopt;
  }

  std::string path_;
  Clock& clock_;
  Random& random_;
  TransportFactory transport_;
};

/// What a made-up server answers to a request.
using PuppetScript = std::function<replica::Answer(replica::Call call, const std::string& body)>;

class Puppet final : public replica::Transport {
 public:
  explicit Puppet(PuppetScript script) : script_(std::move(script)) {}
  replica::Answer push(std::string_view body) override { return script_(replica::Call::push, std::string(body)); }
  replica::Answer pull(std::string_view body) override { return script_(replica::Call::pull, std::string(body)); }
  replica::Answer preview(std::string_view body) override { return script_(replica::Call::preview, std::string(body)); }
  replica::Answer info() override { return script_(replica::Call::info, ""); }
  void cancel() override {}

 private:
  PuppetScript script_;
};

/// A way to a server that follows `script`, which outlives it and may be changed meanwhile.
inline TransportFactory puppet_server(const PuppetScript& script) {
  return [&script](const net::HttpOptions&) { return std::make_unique<Puppet>(script); };
}

/// The text between `before` and the next `"`, as in value_behind(line, R"("id":")").
inline std::string value_behind(const std::string& text, const std::string& before) {
  const std::size_t begin = text.find(before);
  if (begin == std::string::npos) return {};
  return text.substr(begin + before.size(), text.find('"', begin + before.size()) - begin - before.size());
}

}  // namespace tether::cmd
