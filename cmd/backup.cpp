// SPDX-License-Identifier: MIT
#include <memory>

#include "cmd/byte_size.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/json_out.hpp"
#include "replica/upkeep.hpp"

namespace tether::cmd {

namespace {

ExitCode run_backup(Context& context, const std::string& path) {
  Stopwatch stopwatch(context.clock());
  replica::File file = context.open_file_read_only();
  {
    Progress progress(context.terminal(), "copying", file_bytes(file.path()), human_bytes);
    context.catch_interrupts();
    replica::backup(file, path, [&](std::int64_t written) {
      context.stop_if_interrupted("no copy was made");
      progress.at(written);
    });
  }
  const std::int64_t bytes = file_bytes(path);
  if (context.json()) {
    JsonObject json;
    json.text("file", path).integer("bytes", bytes).integer("duration_ms", stopwatch.elapsed_ms());
    context.terminal().line(std::move(json).finish());
  } else {
    context.terminal().line("copied " + file.path() + " to " + path + " (" + human_bytes(bytes) + ")");
  }
  return ExitCode::done;
}

}  // namespace

void define_backup(CommandLine& line) {
  auto path = std::make_shared<std::string>();
  line.positional("FILE", path.get(), "the copy; it must not exist yet");
  line.details(
      R"(Makes a complete copy in one file, also while others write. A plain `cp` of a file
in use may miss what is still in its -wal beside it.

A copy that is written to takes a new client id, so that two never write under one
name; but one whose id was given with `init --client-id` keeps it: use that instead
of the original, never beside it.)");
  line.exit_status(ExitCode::interrupted, std::string(meaning(ExitCode::interrupted)));
  line.run([path](Context& context) { return run_backup(context, *path); });
}

}  // namespace tether::cmd
