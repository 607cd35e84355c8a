// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <fstream>

#include "cmd/desk.hpp"
#include "cmd/output.hpp"
#include "sql/sqlite.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::cmd {
namespace {

/// A terminal whose bars show at once; what it shows on stdout and stderr comes in one text.
struct Screen {
  std::string seen;
  Terminal terminal{[this](std::string_view text) { seen += text; }, [this](std::string_view text) { seen += text; }};
  Screen() {
    terminal.options.progress = true;
    terminal.options.patience = {};
    terminal.options.width = 80;
  }
};

/// A file with some thousand mutations that have failed.
struct Work {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  PuppetScript script;
  Desk ann{folder.file("ann.db"), clock, random, puppet_server(script)};

  Work() {
    std::ofstream rows(folder.file("rows.csv"));
    rows << "id,title\n";
    for (int i = 0; i < 3'000; ++i) rows << "row-" << i << ",Pump\n";
    rows.close();
    REQUIRE(ann.type({"record", "import", folder.file("rows.csv"), "--model", "Task"}).status == 0);
    sql::open_sqlite({.path = ann.path()})
        ->execute("UPDATE tether_mutation_logs SET sync_status = 'failed', rejection_reason = 'error'");
    ann.server.clear();
  }
};

}  // namespace

TEST_CASE("a bar shows how far it is, and is gone at the end") {
  Screen screen;
  {
    Progress progress(screen.terminal, "pushing", 4'000);
    progress.at(1'000);
  }
  CHECK(screen.seen.starts_with("\rpushing 1,000 of 4,000 [######                  ] 25%  "));
  CHECK(screen.seen.ends_with("/s\x1b[K\r\x1b[K"));
}

TEST_CASE("without a total a bar counts, and without a count it says how long it takes") {
  Screen screen;
  Progress(screen.terminal, "pulling").at(1'234);
  CHECK(screen.seen.starts_with("\rpulling 1,234  "));
  screen.seen.clear();
  Progress(screen.terminal, "checking").at(0);
  CHECK(screen.seen == "\rchecking  0s\x1b[K\r\x1b[K");
}

TEST_CASE("what is printed takes the place of the bar") {
  Screen screen;
  Progress progress(screen.terminal, "checking");
  progress.at(0);
  screen.terminal.line("a row");
  screen.terminal.flush();
  screen.terminal.message("done");
  CHECK(screen.seen == "\rchecking  0s\x1b[K\r\x1b[Ka row\ndone\n");
}

TEST_CASE("no bar is drawn where it would be no bar") {
  Screen screen;
  SUBCASE("in a pipe") {
    screen.terminal.options.progress = false;
  }
  SUBCASE("when it is to be quiet") {
    screen.terminal.options.quiet = true;
  }
  SUBCASE("for what does not take long") {
    screen.terminal.options.patience = std::chrono::hours(1);
  }
  Progress(screen.terminal, "pushing", 10).at(5);
  CHECK(screen.seen.empty());
}

TEST_CASE("long work on a file shows a bar on a terminal, and none in a pipe") {
  Work work;
  work.ann.shows_bars = true;
  const std::string copy = work.folder.file("copy.db");
  const std::string state = work.folder.file("state.db");
  struct Bar {
    std::vector<std::string> words;
    std::string shown;
  };
  for (const Bar& bar :
       {Bar{{"doctor"}, "\rchecking"}, Bar{{"replay"}, "\rreplaying"}, Bar{{"replay", "--check"}, "\rreplaying"},
        Bar{{"replay", "--to", state}, "\rreplaying"}, Bar{{"backup", copy}, "\rcopying"},
        Bar{{"retry", "--all"}, "\rputting back"}, Bar{{"compact"}, "\rcompacting"}}) {
    CAPTURE(bar.shown);
    const Said said = work.ann.type(bar.words);
    CHECK(said.status == 0);
    CHECK(said.err.starts_with(bar.shown));
    CHECK(said.err.find("\r\x1b[K") != std::string::npos);
    CHECK(said.out.find('\r') == std::string::npos);
  }
}

TEST_CASE("a pipe gets no bar, however long the work") {
  Work work;
  const std::string copy = work.folder.file("copy.db");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"doctor"}, {"replay"}, {"replay", "--check"}, {"backup", copy}, {"retry", "--all"}, {"compact"}}) {
    CAPTURE(words.front());
    const Said said = work.ann.type(words);
    CHECK(said.status == 0);
    CHECK(said.err.find('\r') == std::string::npos);
  }
}

}  // namespace tether::cmd
