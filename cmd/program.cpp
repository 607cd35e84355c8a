// SPDX-License-Identifier: MIT
#include "cmd/program.hpp"

#include <algorithm>

#include "cmd/commands.hpp"
#include "cmd/json_out.hpp"

namespace tether::cmd {
namespace {

int run(const std::vector<std::string>& arguments, World world, Terminal& terminal) {
  Globals globals;
  auto invocation = parse(commands(), arguments, globals);
  terminal.options.json = globals.json;
  terminal.options.quiet = globals.quiet;
  terminal.options.verbose = globals.verbose;
  if (globals.quiet && globals.verbose)
    throw Error(ErrorCode::usage, "-q and -v do not go together", "Leave one of them out.");
  if (!invocation.help.empty()) {
    terminal.line(std::string_view(invocation.help).substr(0, invocation.help.size() - 1));
    terminal.flush();
    return static_cast<int>(ExitCode::done);
  }
  Context context(globals, std::move(world), terminal);
  const auto status = invocation.action(context);
  terminal.flush();
  return static_cast<int>(status);
}

}  // namespace

bool asks_for_json(const std::vector<std::string>& arguments) {
  return std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
}

int report_error(Terminal& terminal, const Error& error) {
  const int status = static_cast<int>(exit_code(error.code()));
  try {
    terminal.flush();
  } catch (const Error&) {
    // stdout is closed or full, which is the error that we report or one beside it; stderr still gets its line
  }
  if (!terminal.json()) {
    const auto hint = error.hint().empty() ? "" : "  " + printable(error.hint()) + "\n";
    terminal.error_text("tether: " + printable(error.what()) + "\n" + hint);
    return status;
  }
  JsonObject body;
  body.text("code", name(error.code())).text("message", error.what());
  body.text_or_null("hint", error.hint()).integer("exit_code", status);
  JsonObject line;
  line.raw("error", std::move(body).finish());
  terminal.error_text(std::move(line).finish() + "\n");
  return status;
}

int run_program(const std::vector<std::string>& arguments, World world, Terminal& terminal) {
  terminal.options.json = asks_for_json(arguments);
  try {
    return run(arguments, std::move(world), terminal);
  } catch (const Error& e) {
    return report_error(terminal, e);
  } catch (const std::bad_alloc&) {
    return report_error(terminal, Error(ErrorCode::internal, "out of memory"));
  } catch (const std::exception& e) {
    return report_error(terminal, Error(ErrorCode::internal, std::string("a bug: ") + e.what(),
                                        "Please report it with the command that you typed."));
  }
}

}  // namespace tether::cmd
