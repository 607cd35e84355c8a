// SPDX-License-Identifier: MIT
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "cmd/arguments.hpp"
#include "cmd/network_module.hpp"
#include "cmd/program.hpp"

using namespace tether;

namespace {

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// A reader that went away (`tether log | head`) ends us as it ends any filter: quietly, by SIGPIPE. The signal is
/// ignored otherwise, so that a server which hangs up is an error that we can report.
[[noreturn]] void die_of_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  std::_Exit(128 + SIGPIPE);
}

void write_out(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EPIPE) die_of_broken_pipe();
    const auto code = errno == ENOSPC ? ErrorCode::disk_full : ErrorCode::io;
    throw Error(code, std::string("cannot write to standard output: ") + std::strerror(errno));
  }
}

void write_err(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // there is nobody left to tell
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

int terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void look_at_terminal(cmd::Terminal& terminal) {
  const auto no_colour = variable("NO_COLOR");
  const auto kind = variable("TERM");
  const bool dumb = !kind || *kind == "dumb";
  const bool out_is_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.options.colour_out = out_is_terminal && !dumb && (!no_colour || no_colour->empty());
  terminal.options.progress = isatty(STDERR_FILENO) == 1 && !dumb;
  terminal.options.width = out_is_terminal ? terminal_width() : 0;
}

std::unique_ptr<Clock> make_clock(cmd::Terminal& terminal) {
  const auto now = variable("TETHER_NOW");
  if (!now || now->empty()) return std::make_unique<SystemClock>();
  const auto start = cmd::as_usage([&] { return with_context("$TETHER_NOW", [&] { return parse_rfc3339(*now); }); });
  terminal.warning("the clock starts at " + *now + " ($TETHER_NOW is set)");
  return std::make_unique<SteppingClock>(start);
}

std::unique_ptr<Random> make_random(cmd::Terminal& terminal) {
  const auto text = variable("TETHER_SEED");
  if (!text || text->empty()) return std::make_unique<SystemRandom>();
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seed);
  if (error != std::errc() || end != text->data() + text->size())
    throw Error(ErrorCode::usage, "$TETHER_SEED: '" + *text + "' is no whole number");
  terminal.warning("ids and waits are not random ($TETHER_SEED is set)");
  return std::make_unique<SeededRandom>(seed);
}

std::string working_directory() {
  const std::unique_ptr<char, decltype(&std::free)> path(getcwd(nullptr, 0), std::free);
  return path ? path.get() : ".";
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  cmd::Terminal terminal(write_out, write_err);
  look_at_terminal(terminal);
  const std::vector<std::string> arguments(words + 1, words + count);
  terminal.options.json = cmd::asks_for_json(arguments);
  try {
    const auto clock = make_clock(terminal);
    const auto random = make_random(terminal);
    cmd::World world{*clock, *random, variable, cmd::load_http_transport, working_directory()};
    return cmd::run_program(arguments, std::move(world), terminal);
  } catch (const Error& e) {
    return cmd::report_error(terminal, e);
  }
}
