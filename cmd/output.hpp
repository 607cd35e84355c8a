// SPDX-License-Identifier: MIT
// Where a command speaks: results go to stdout, messages for people to stderr. Colour and progress bars only on a
// terminal. Everything that a command prints goes through a Terminal, so that tests read it as text.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether::cmd {

enum class Colour { none, bold, dim, red, green, yellow };

class Terminal {
 public:
  using Sink = std::function<void(std::string_view)>;
  struct Options {
    bool json = false;
    bool quiet = false;
    bool verbose = false;
    bool colour_out = false;                    // stdout is a terminal that shows colour
    bool progress = false;                      // stderr is a terminal
    std::chrono::milliseconds patience{1'000};  // how long work lasts before a bar shows
    int width = 0;                              // columns of stdout; 0: not a terminal, never shorten
  };
  Terminal(Sink out, Sink err) : out_(std::move(out)), err_(std::move(err)) {}

  Options options;

  bool json() const { return options.json; }
  bool quiet() const { return options.quiet; }

  /// A line of the result, on stdout. Buffered: what is printed here costs no system call.
  void line(std::string_view text);
  /// A part of a line.
  void part(std::string_view text);
  /// A message for people, on stderr; not with -q.
  void message(std::string_view text);
  /// More than most want to know, on stderr; only with -v.
  void detail(std::string_view text);
  /// `tether: warning: TEXT` on stderr, always.
  void warning(std::string_view text);
  /// Raw text on stderr.
  void error_text(std::string_view text);
  /// What goes on, on a line of stderr that is gone before anything else is seen there.
  void bar(std::string_view text);
  void no_bar();
  /// Hands over what is buffered. Throws Error when stdout cannot be written.
  void flush();

  /// `text` in a colour where stdout shows colour.
  std::string painted(Colour colour, std::string_view text) const;

 private:
  Sink out_;
  Sink err_;
  std::string buffer_;
  bool has_bar_ = false;
};

/// Rows with aligned columns. The widths come from the first thousand rows, or the first mebibyte, which are held back;
/// later ones stream, so that a long table takes no memory.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string heading;
    Align align = Align::left;
  };
  struct Cell {
    std::string text;
    Colour colour = Colour::none;
    Cell(std::string t, Colour c = Colour::none) : text(std::move(t)), colour(c) {}
    Cell(const char* t) : text(t) {}
  };
  Table(Terminal& terminal, std::vector<Column> columns);
  void row(std::vector<Cell> cells);
  /// Prints what was held back; a table without rows prints nothing.
  void finish();

 private:
  void print(const std::vector<Cell>& cells);
  Terminal& terminal_;
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<Cell>> held_;
  std::size_t bytes_held_ = 0;
  bool streaming_ = false;
};

/// `1,234,567`
std::string grouped(std::int64_t number);

/// A bar on stderr for work that takes longer than a second, where stderr is a terminal; nothing otherwise. Gone when
/// destroyed.
class Progress {
 public:
  using Words = std::string (*)(std::int64_t);
  /// `label` as in "pushing"; `total` when it is known; `words` writes the numbers.
  Progress(Terminal& terminal, std::string label, std::optional<std::int64_t> total = std::nullopt,
           Words words = grouped);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// 0, as long as nothing can be counted yet: the bar says how long it has taken.
  void at(std::int64_t done);

 private:
  void draw(std::int64_t done, std::chrono::steady_clock::time_point now);
  Terminal& terminal_;
  std::string label_;
  std::optional<std::int64_t> total_;
  Words words_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point drawn_;
};

/// Columns that `text` takes on a terminal.
std::size_t display_width(std::string_view text);
/// `text` cut to `width` columns with an ellipsis; as it is when `width` is 0.
std::string shortened(std::string_view text, std::size_t width);
/// `text` with control characters made visible (`\n`, `\x1b`), so that no record can steer a terminal.
std::string printable(std::string_view text);
/// `1 mutation`, `1,200 mutations`
std::string counted(std::int64_t number, std::string_view singular, std::string_view plural = {});

}  // namespace tether::cmd
