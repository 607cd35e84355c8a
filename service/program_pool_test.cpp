// SPDX-License-Identifier: MIT
// Programs that behave.
#include "service/program_pool.hpp"

#include <set>

#include "service/program_fixture.hpp"

using namespace tether;
using namespace tether::service;
using rules::Verdict;

namespace {

TEST_CASE("a program is started when it is first asked, and kept") {
  Programs programs;
  const auto command = sh("echo $$ >>$FOLDER/started; " + each(k_keep));
  CHECK(programs.lines_written("started") == 0);
  for (int i = 0; i < 5; ++i) CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  CHECK(programs.lines_written("started") == 1);
  CHECK(programs.times_logged("program started program=/bin/sh") == 1);
}

TEST_CASE("payloads reach a program, and come back from it, as the very text") {
  Programs programs;
  const std::string payload = R"({"a":100000000000000000000000000000.10,"b":"\u0061 \\ \"","c":1e400,"d":{"e":[]}})";
  const auto echo = sh(each(R"sh(ours=${line#*'"ours":'}; say "\"apply\":${ours%%',"theirs"'*}")sh"));
  CHECK(programs.ask(echo, question(payload)) == Verdict(rules::Apply{payload}));
}

TEST_CASE("a question and an answer of megabytes pass") {
  Programs programs;
  const std::string payload = R"({"a":")" + std::string(2'000'000, 'x') + "\"}";
  const std::string filter = "{id, apply: {size: (.ours.a | length), b: (.ours.a * 4)}}";
  const Verdict verdict = programs.ask({{"jq", "--unbuffered", "--compact-output", filter}, 20'000}, question(payload));
  REQUIRE(std::holds_alternative<rules::Apply>(verdict));
  const bool is_whole =
      std::get<rules::Apply>(verdict).payload == R"({"size":2000000,"b":")" + std::string(8'000'000, 'x') + "\"}";
  CHECK(is_whole);  // not shown: it is long
}

TEST_CASE("a batch is shared by the processes that its bounds allow, and answered in its order") {
  Programs programs([](ProgramBounds& bounds) { bounds.processes = 3; });
  const auto command = sh("echo $$ >>$FOLDER/started; " +
                          each("until [ $(wc -l <$FOLDER/started) -ge 3 ]; do sleep 0.01; done; " + k_name_entity));
  std::vector<rules::Question> questions;
  for (int i = 0; i < 30; ++i) questions.push_back(question("{}", "F" + std::to_string(i)));
  const auto verdicts = programs.ask_all(command, questions);
  REQUIRE(verdicts.size() == 30);
  for (int i = 0; i < 30; ++i) {
    CHECK(verdicts[static_cast<std::size_t>(i)] == Verdict(rules::Refuse{"F" + std::to_string(i)}));
  }
  CHECK(programs.lines_written("started") == 3);
}

TEST_CASE("several commands of one batch are each asked their own") {
  Programs programs;
  const auto keeps = sh(each(k_keep));
  const auto deletes = sh(each(R"sh(say '"delete":true')sh"));
  const std::vector<authority::Case> cases = {{keeps, question()}, {deletes, question()}, {keeps, question()}};
  CHECK(programs.pool().decide(cases) == std::vector<Verdict>{rules::Keep{}, rules::Delete{}, rules::Keep{}});
  CHECK(programs.pool().decide({}).empty());
}

TEST_CASE("many threads at once get each the answer to its own question, from a bounded number of processes") {
  Programs programs;
  const auto command = sh("echo $$ >>$FOLDER/started; " + each(k_name_entity));
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 25; ++i) {
          const std::string name = "F" + std::to_string(thread) + "_" + std::to_string(i);
          const auto verdicts = programs.ask_all(command, {question("{}", name + "a"), question("{}", name + "b")});
          if (verdicts != std::vector<Verdict>{rules::Refuse{name + "a"}, rules::Refuse{name + "b"}}) ++wrong;
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(programs.lines_written("started") <= 2);
}

TEST_CASE("a program is given its arguments as they are, and never to a shell") {
  Programs programs;
  const std::string script = R"(printf '%s\n' "$0" "$@" >$FOLDER/arguments; )" + each(k_keep);
  const rules::Command command{{"/bin/sh", "-c", script, "$HOME", "a b", "*;exit"}, 20'000};
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  CHECK(programs.written("arguments") == "$HOME\na b\n*;exit\n");
}

TEST_CASE("a program sees none of the service's secrets, descriptors, blocked or ignored signals") {
  const char* const environment[] = {
      "PATH=/bin", "TETHER_TOKEN=tth_secret", "TETHER_STORE=postgres://a:b@c/d", "PGPASSWORD=secret", "TETHER=1",
      nullptr};
  CHECK(environment_for_programs(environment) == std::vector<std::string>{"PATH=/bin", "TETHER=1"});
  Programs programs;
  const int leaked = ::dup(STDERR_FILENO);  // without O_CLOEXEC, as a library might
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  const auto command =
      sh("grep -E '^Sig(Blk|Ign)' /proc/self/status >$FOLDER/signals; ls /proc/self/fd >$FOLDER/descriptors; "
         "cut -d ' ' -f 5 /proc/$$/stat >$FOLDER/group; echo $$ >$FOLDER/pid; " +
         each(k_keep));
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(leaked);
  std::istringstream signals(programs.written("signals"));
  std::string name;
  std::uint64_t set_of_signals = 0;
  int seen = 0;
  for (; signals >> name >> std::hex >> set_of_signals; ++seen) {
    CAPTURE(name);
    CHECK((set_of_signals & 0x7fff'ffff) == 0);  // 32 and 33 are the C library's own
  }
  CHECK(seen == 2);
  CHECK(programs.written("descriptors") == "0\n1\n2\n3\n");  // the last is that of the folder itself
  CHECK(programs.written("group") == programs.written("pid"));
}

TEST_CASE("what a program writes to stderr goes to the log, also while nobody asks it") {
  Programs programs;
  const auto command = sh("(sleep 0.3; echo later >&2) & echo first line >&2; " + each(k_keep));
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  CHECK(eventually([&] { return programs.times_logged("line=\"first line\"\n") == 1; }));
  CHECK(eventually([&] { return programs.times_logged("line=later\n") == 1; }));
}

TEST_CASE("a program that nobody asks is ended, and started again when it is asked") {
  Programs programs([](ProgramBounds& bounds) { bounds.idle_time = milliseconds(50); });
  const auto command = sh("echo $$ >>$FOLDER/started; trap 'echo told >>$FOLDER/told; exit' TERM; " + each(k_keep));
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  std::string pid = programs.written("started");
  pid.pop_back();
  CHECK(eventually([&] { return !runs(pid); }));
  CHECK(programs.times_logged("program ended: nobody asks it") == 1);
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  CHECK(programs.lines_written("started") == 2);
}

TEST_CASE("after SIGHUP a program is started anew") {
  Programs programs;
  const auto command = sh("echo $$ >>$FOLDER/started; " + each(k_keep));
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  programs.pool().start_anew();
  CHECK(programs.ask(command) == Verdict(rules::Keep{}));
  CHECK(programs.lines_written("started") == 2);
  const std::string pid = programs.written("started").substr(0, programs.written("started").find('\n'));
  CHECK(eventually([&] { return !runs(pid); }));
}

TEST_CASE("at the end every program gets SIGTERM") {
  Programs programs([](ProgramBounds& bounds) { bounds.end_time = milliseconds(20'000); });
  const auto polite = sh("trap 'echo told >$FOLDER/told; exit' TERM; " + each(k_keep) + "; sleep 1000");
  CHECK(programs.ask(polite) == Verdict(rules::Keep{}));
  programs.end();
  CHECK(programs.written("told") == "told\n");
}

TEST_CASE("at the end a program that does not mind SIGTERM is killed, and nothing is left") {
  const std::size_t descriptors = open_descriptors();
  {
    Programs programs([](ProgramBounds& bounds) { bounds.end_time = milliseconds(200); });
    const auto stubborn = sh("trap '' TERM; sleep 1000 & echo $! >>$FOLDER/pids; echo $$ >>$FOLDER/pids; " +
                             each(k_keep) + "; while :; do sleep 1000; done");
    CHECK(programs.ask(stubborn) == Verdict(rules::Keep{}));
    programs.end();
    CHECK(!has_zombie());
    std::istringstream pids(programs.written("pids"));
    std::string pid;
    int seen = 0;
    for (; pids >> pid; ++seen) CHECK(eventually([&] { return !runs(pid); }));
    CHECK(seen == 2);
  }
  CHECK(open_descriptors() == descriptors);
}

TEST_CASE("what is asked when the service stops is broken off") {
  Programs programs;
  ProgramPool& pool = programs.pool();
  const auto command = sh("echo $$ >$FOLDER/pid; read line; exec sleep 1000", 600'000);
  const authority::Case one{command, question()};
  std::vector<Verdict> verdicts;
  std::thread asking([&] { verdicts = pool.decide({&one, 1}); });
  CHECK(eventually([&] { return programs.lines_written("pid") == 1; }));
  programs.end();
  asking.join();
  CHECK(verdicts == std::vector<Verdict>{rules::NoAnswer{"/bin/sh: was not waited for: the service stops"}});
}

}  // namespace
