// SPDX-License-Identifier: MIT
#include "cmd/editor.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace tether::cmd {
namespace {

/// Signals from the keyboard reach everyone at the terminal; while the editor has it they are the editor's.
class SignalsForTheEditor {
 public:
  SignalsForTheEditor() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, &interrupt_);
    sigaction(SIGQUIT, &ignore, &quit_);
  }
  ~SignalsForTheEditor() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGQUIT, &quit_, nullptr);
  }
  SignalsForTheEditor(const SignalsForTheEditor&) = delete;
  SignalsForTheEditor& operator=(const SignalsForTheEditor&) = delete;

 private:
  struct sigaction interrupt_ = {};
  struct sigaction quit_ = {};
};

/// What is ignored here would be ignored in the editor, too.
class UsualSignals {
 public:
  UsualSignals() {
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGQUIT);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~UsualSignals() { posix_spawnattr_destroy(&attributes_); }
  UsualSignals(const UsualSignals&) = delete;
  UsualSignals& operator=(const UsualSignals&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

}  // namespace

std::string editor_command(const Environment& environment) {
  const auto set = [&](const std::string& name) {
    const auto value = environment(name);
    return value.value_or("");
  };
  const std::string terminal = set("TERM");
  const bool prints_only = terminal.empty() || terminal == "dumb";
  if (!prints_only && !set("VISUAL").empty()) return set("VISUAL");
  if (!set("EDITOR").empty()) return set("EDITOR");
  if (!prints_only) return "vi";
  throw Error(ErrorCode::usage, "the terminal cannot show an editor, and $EDITOR is not set",
              "Set $EDITOR, or say what should stand with --set FIELD=VALUE or --data JSON.");
}

void run_editor(const std::string& command, const std::string& path) {
  std::string script = command + " \"$@\"";
  std::string name = command;
  std::string file = path;
  std::string shell = "sh";
  std::string option = "-c";
  char* const arguments[] = {shell.data(), option.data(), script.data(), name.data(), file.data(), nullptr};
  const SignalsForTheEditor held;
  const UsualSignals usual;
  pid_t child = 0;
  const int fault = ::posix_spawn(&child, "/bin/sh", nullptr, usual.get(), arguments, environ);
  if (fault != 0) throw Error(ErrorCode::io, "cannot start " + command + ": " + std::strerror(fault));
  const int status = wait_for(child);
  if (status == 0) return;
  throw Error(ErrorCode::io, "the editor '" + command + "' did not end well, so nothing was recorded",
              "Set $VISUAL or $EDITOR to the editor that you want.");
}

}  // namespace tether::cmd
