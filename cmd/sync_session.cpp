// SPDX-License-Identifier: MIT
#include "cmd/sync_session.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <iterator>

#include "cmd/cycle_report.hpp"
#include "cmd/dry_run.hpp"
#include "cmd/output.hpp"
#include "replica/adopt.hpp"
#include "replica/pull.hpp"
#include "replica/status.hpp"

namespace tether::cmd {

namespace {

std::optional<std::int64_t> page_of(const Settings& settings) {
  if (settings.text("page").empty()) return std::nullopt;
  return settings.number("page");
}

void add(replica::PushReport& total, const replica::PushReport& before) {
  total.pushed += before.pushed;
  total.failed += before.failed;
  total.conflicts += before.conflicts;
  total.merged += before.merged;
  const auto put_before = [](auto& list, const auto& earlier) {
    list.insert(list.begin(), earlier.begin(), earlier.end());
  };
  put_before(total.rejections, before.rejections);
  put_before(total.conflicts_found, before.conflicts_found);
  put_before(total.losses, before.losses);
}

void push_pending(replica::File& file, Context::Connection& connection, Terminal& terminal, std::int64_t batch,
                  std::int64_t pending, CycleReport& report) {
  Progress progress(terminal, "pushing", pending);
  replica::PushOptions push_options;
  push_options.batch = batch;
  push_options.progress = [&](std::int64_t done) { progress.at(done); };
  push_options.so_far = &report.push;
  const replica::PushReport before = report.push;
  report.push = replica::push(file, connection.exchange(), push_options);
  add(report.push, before);
  report.end = report.push.end;
  report.reason = report.push.reason;
}

void pull_changes(replica::File& file, Context::Connection& connection, Terminal& terminal,
                  std::optional<std::int64_t> page, CycleReport& report) {
  Progress progress(terminal, "pulling");
  const std::int64_t pulled_before = report.pulled;
  replica::PullOptions pull_options;
  pull_options.page = page;
  pull_options.progress = [&](std::int64_t done) {
    report.pulled = pulled_before + done;
    progress.at(done);
  };
  replica::PullReport pulled = replica::pull(file, connection.exchange(), pull_options);
  report.pulled = pulled_before + pulled.pulled;
  report.end = pulled.end;
  report.reason = pulled.reason;
  report.push_first = pulled.push_first;
  report.overwritten += pulled.overwritten;
  std::ranges::move(pulled.overwrites, std::back_inserter(report.overwrites));
}

/// Whether a push begins with a pull. The push would do it by itself; so its progress is shown and what it brought
/// told.
bool begins_with_pull(replica::File& file, std::int64_t pending) {
  return pending > 0 && sql::in_transaction(file.database(), sql::Access::read, replica::must_pull_first);
}

/// Fills the report as it goes: what was done before a fault is in it.
void cycle(Context& context, replica::File& file, const Settings& settings, const CycleOptions& options,
           CycleReport& report) {
  const std::int64_t batch = settings.number("batch");
  const std::int64_t pending = options.push ? replica::status(file).pending : 0;
  if (pending == 0 && !options.pull) return;  // without work the network module is not even loaded
  const auto connection = context.connect(settings);
  if (begins_with_pull(file, pending)) pull_changes(file, *connection, context.terminal(), page_of(settings), report);
  if (report.end != replica::End::done) return;
  if (pending > 0) push_pending(file, *connection, context.terminal(), batch, pending, report);
  if (!options.pull || report.end != replica::End::done) return;
  pull_changes(file, *connection, context.terminal(), page_of(settings), report);
  if (!report.push_first || !options.push) return;
  push_pending(file, *connection, context.terminal(), batch, replica::status(file).pending, report);
  if (report.end == replica::End::done) {
    pull_changes(file, *connection, context.terminal(), page_of(settings), report);
  }
}

/// What ended the cycle before its end, for after the report. Wrong usage is nothing to report of.
std::exception_ptr run_to_fault(const std::function<void()>& cycle) {
  try {
    cycle();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::usage) throw;
    return std::current_exception();
  }
  return nullptr;
}

bool is_too_large(const std::exception_ptr& fault) {
  try {
    if (fault) std::rethrow_exception(fault);
  } catch (const Error& e) {
    return e.code() == ErrorCode::too_large;
  }
  return false;
}

/// What makes the next try better than this one. The transport says in words why there was no connection.
std::string unreachable_hint(const std::string& reason) {
  if (reason.find("certificate") == std::string::npos) {
    return "Nothing is lost; run it again when the server can be reached.";
  }
  return "Nothing is lost, but trying again does not help: check the name in the URL and this machine's clock, or name "
         "the certificate to trust, in PEM, with --ca-file FILE or `tether config ca-file FILE`.";
}

/// A record that fits into no request, for after everything else was done.
void throw_if_too_large(const std::optional<replica::TooLarge>& found) {
  if (!found) return;
  const protocol::Mutation& mutation = found->mutation;
  const std::string others =
      found->records > 1 ? "; " + counted(found->records - 1, "other record") + " likewise" : std::string();
  throw Error(ErrorCode::too_large,
              "mutation " + mutation.mutation_id.value + " of " + mutation.model.value + " " +
                  mutation.entity_id.value + ", about " + grouped(static_cast<std::int64_t>(found->bytes)) +
                  " bytes, is refused for its size even alone: " + found->reason + others,
              "It stays pending, with what else is pending of its record; everything else was sent. Raise the limit of "
              "the server, or of the proxy before it, and push again.");
}

}  // namespace

std::string forbidden_hint(std::string_view reason) {
  if (reason.find("shut out") != std::string_view::npos) return "who runs the server can let this client in again";
  if (reason.find("asks for a token") != std::string_view::npos) {
    return "put the token in $TETHER_TOKEN, or in a file that `tether config token-file FILE` names";
  }
  return "`tether config --list` shows which token is used and where it comes from";
}

void throw_unless_done(replica::End end, const std::string& reason) {
  if (end == replica::End::unreachable) {
    throw Error(ErrorCode::unreachable, reason, unreachable_hint(reason));
  }
  if (end == replica::End::forbidden) {
    throw Error(ErrorCode::forbidden, reason, "Nothing is lost; " + forbidden_hint(reason) + ".");
  }
}

std::unique_ptr<replica::SyncLock> lock_unless_syncing(const std::string& path) {
  try {
    return std::make_unique<replica::SyncLock>(path);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::locked) throw;
    return nullptr;  // expected wherever two timers sync one file
  }
}

void check_dry_run(const CycleOptions& options) {
  if (!options.dry_run && (options.offline || options.expect_clean)) {
    throw Error(ErrorCode::usage,
                std::string(options.offline ? "--offline" : "--expect-clean") + " goes with --dry-run",
                std::string("As in: tether push --dry-run ") + (options.offline ? "--offline" : "--expect-clean"));
  }
  if (options.offline && options.expect_clean) {
    throw Error(ErrorCode::usage, "--offline and --expect-clean do not go together",
                "Only the server can tell what it would take.");
  }
}

ExitCode run_cycle(Context& context, const CycleOptions& options) {
  check_dry_run(options);
  if (options.dry_run) return run_dry(context, options);
  Stopwatch stopwatch(context.clock());
  replica::File file = context.open_file();
  const Settings settings = context.settings(file, options.settings);
  settings.server();  // without one, say so even where there is nothing to send
  const auto lock = lock_unless_syncing(file.path());
  if (!lock) return report_skipped(context.terminal(), stopwatch.elapsed_ms());
  context.catch_interrupts();
  CycleReport report;
  const auto fault = run_to_fault([&] { cycle(context, file, settings, options, report); });
  report.cut_short = fault != nullptr || report.end != replica::End::done;
  report_cycle(context.terminal(), file, options, report, stopwatch.elapsed_ms());
  context.terminal().flush();  // the report stands before the error that may follow
  if (is_too_large(fault)) throw_if_too_large(report.push.too_large);  // which mutation it is says more
  if (fault) std::rethrow_exception(fault);
  throw_unless_done(report.end, report.reason);
  throw_if_too_large(report.push.too_large);
  return exit_code(report);
}

void define_cycle(CommandLine& line, const std::shared_ptr<CycleOptions>& options) {
  if (options->push) {
    add_setting_options(line, &options->settings, {"batch"});
    line.exit_status(ExitCode::fault,
                     "a fault: bad input, an unexpected reply, or a record that is refused for its size");
    line.exit_status(ExitCode::attention,
                     "a mutation was rejected, a conflict was found, or --expect-clean was not met: all are named");
  }
  if (options->pull) add_setting_options(line, &options->settings, {"page"});
  if (options->pull && !options->push) {
    line.exit_status(ExitCode::attention,
                     "the server was restored from a backup and waits for a push: run tether sync");
  }
  line.flag("--dry-run", &options->dry_run, "show what would be done, and do nothing");
  if (options->push) {
    line.flag("--offline", &options->offline,
              "with --dry-run: list what is pending without asking the server about it");
    line.flag("--expect-clean", &options->expect_clean,
              "with --dry-run: end with 3 unless everything pending would be applied or merged, and nothing lost");
  }
  add_network_options(line, &options->settings);
  line.exit_status(ExitCode::unreachable, "the server cannot be reached or asks to come back later; nothing is lost");
  line.exit_status(ExitCode::forbidden, "the token is missing, wrong or not allowed to do this");
  line.exit_status(ExitCode::locked, "another tether is syncing this file; skipped");
  line.exit_status(ExitCode::interrupted, "interrupted; everything committed so far stays");
  line.run([options](Context& context) { return run_cycle(context, *options); });
}

}  // namespace tether::cmd
