#include <array>
#include <csignal>
#include <cstdlib>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

// Every stage of a task × every way to go wrong there × every start method × every kind of verb.
namespace brood::testing::crash_matrix_test {
namespace {

enum class Stage {
  argument_encode,
  argument_decode,
  run,
  result_encode,
  result_decode,
  initializer
};
enum class Way { throws, exits_at_once, exits, dies, hangs };
enum class Verb { apply, map, imap };

constexpr std::array stages{Stage::argument_encode, Stage::argument_decode, Stage::run,
                            Stage::result_encode,   Stage::result_decode,   Stage::initializer};
constexpr std::array ways{Way::throws, Way::exits_at_once, Way::exits, Way::dies, Way::hangs};
constexpr std::array verbs{Verb::apply, Verb::map, Verb::imap};
constexpr std::array stage_names{"argument_encode", "argument_decode", "run",
                                 "result_encode",   "result_decode",   "initializer"};
constexpr std::array way_names{"throws", "exits_at_once", "exits", "dies", "hangs"};
constexpr std::array verb_names{"apply", "map", "imap"};

template <class Enum>
constexpr auto index(Enum value) {
  return static_cast<std::size_t>(value);
}

/// What the caller catches, or why there is no such cell.
struct Expected {
  const char* error = nullptr;
  const char* left_out = nullptr;
};
constexpr Expected left_out(const char* reason) { return {nullptr, reason}; }

constexpr Expected at_home = left_out("runs in the caller, which it would end");
constexpr Expected stuck_at_home = left_out("runs in the caller, where no limit applies");
constexpr Expected exit_0{"WorkerLost: exit code 0"};
constexpr Expected killed{"WorkerLost: signal 9 (SIGKILL, Killed)"};
constexpr Expected timed_out{"TaskTimeout"};
constexpr Expected not_up{"StartError: initializer"};

constexpr std::array<std::array<Expected, ways.size()>, stages.size()> table{{
    // throws, exits at once, exits, dies, hangs
    {{{"its own exception"}, at_home, at_home, at_home, stuck_at_home}},   // argument encode
    {{{"CodecError: decode"}, exit_0, exit_0, killed, timed_out}},         // argument decode
    {{{"runtime_error from a task"}, exit_0, exit_0, killed, timed_out}},  // run
    {{{"runtime_error from a task"}, exit_0, exit_0, killed, timed_out}},  // result encode
    {{{"CodecError: decode"}, at_home, at_home, at_home, stuck_at_home}},  // result decode
    {{{"StartError: initializer"}, not_up, not_up, not_up, not_up}},       // initializer
}};

struct Cell {
  Stage stage;
  Way way;
  Verb verb;
  std::string method;
  const Expected& expected() const { return table[index(stage)][index(way)]; }
};

std::vector<Cell> cells() {
  std::vector<Cell> all;
  for (const Stage stage : stages) {
    for (const Way way : ways) {
      if (table[index(stage)][index(way)].left_out != nullptr) continue;
      for (const std::string& method : start_methods()) {
        for (const Verb verb : verbs) all.push_back({stage, way, verb, method});
      }
    }
  }
  return all;
}

std::string name_of(const Cell& cell) {
  return std::string(stage_names[index(cell.stage)]) + "_" + way_names[index(cell.way)] + "_in_" +
         verb_names[index(cell.verb)] + "_under_" + cell.method;
}
std::string cell_name(const ::testing::TestParamInfo<Cell>& info) { return name_of(info.param); }
void PrintTo(const Cell& cell, std::ostream* out) { *out << name_of(cell); }

void misbehave(Way way) {
  switch (way) {
    case Way::throws:
      throw std::runtime_error("the cell's");
    case Way::exits_at_once:
      ::_exit(0);
    case Way::exits:
      std::exit(0);
    case Way::dies:
      victims::raise_signal(SIGKILL);
      return;
    case Way::hangs:
      for (;;) ::pause();
  }
}

/// A value that misbehaves at one stage of its way, when it is told to.
struct Value {
  int number = 0;
  bool bad = false;
  Stage stage = Stage::run;
  Way way = Way::throws;

  void reach(Stage here) const {
    if (bad && stage == here) misbehave(way);
  }
};
template <Stage encode, Stage decode>
struct Travelling : Value {
  template <class Archive>
  void save(Archive& archive) const {
    archive(number, bad, stage, way);
    reach(encode);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(number, bad, stage, way);
    reach(decode);
  }
};
using Argument = Travelling<Stage::argument_encode, Stage::argument_decode>;
using Result = Travelling<Stage::result_encode, Stage::result_decode>;

Result work(const Argument& argument) {
  argument.reach(Stage::run);
  Result result;
  static_cast<Value&>(result) = argument;
  result.number *= result.number;
  return result;
}

std::string told(const CodecError& error) {
  const bool encode = error.direction() == CodecError::Direction::encode;
  return std::string("CodecError: ") + (encode ? "encode" : "decode");
}

/// What `call` throws, in the words of the table.
template <class F>
std::string error_of(F call) {
  try {
    call();
  } catch (const WorkerLost& error) {
    return "WorkerLost: " + error.status().describe();
  } catch (const TaskTimeout&) {
    return "TaskTimeout";
  } catch (const StartError& error) {
    return "StartError: " + error.stage();
  } catch (const CodecError& error) {
    return told(error);
  } catch (const std::runtime_error& error) {
    if (error.what() != std::string("the cell's")) return error.what();
    const bool nested = dynamic_cast<const std::nested_exception*>(&error) != nullptr;
    return nested ? "runtime_error from a task" : "its own exception";
  }
  return "nothing";
}

class CrashMatrix : public PoolCheck, public ::testing::WithParamInterface<Cell> {
 protected:
  PoolOptions options() const {
    PoolOptions made{.workers = 2, .start_method = GetParam().method};
    if (GetParam().stage != Stage::initializer) return made;
    made.initializer = task(misbehave, GetParam().way);
    if (GetParam().way == Way::hangs)
      made.start_timeout = under_sanitizer ? 3s : 500ms;  // enough to greet
    return made;
  }
  static CallOptions call_options() {
    // Not shorter: the good elements of the same call must stay within it on a busy machine.
    if (GetParam().way == Way::hangs && GetParam().stage != Stage::initializer)
      return {.timeout = 200ms};
    return {};
  }
  static Argument good(int number) {
    Argument argument;
    argument.number = number;
    return argument;
  }
  static Argument bad() {
    Argument argument = good(5);
    argument.bad = GetParam().stage != Stage::initializer;
    argument.stage = GetParam().stage;
    argument.way = GetParam().way;
    return argument;
  }
  /// The cell's call: a bad element, in map and imap between two good ones.
  static std::string outcome(Pool& pool) {
    PoolCalls calls = pool.with(call_options());
    const std::vector<Argument> inputs{good(4), bad(), good(6)};
    switch (GetParam().verb) {
      case Verb::apply:
        return error_of([&] { calls.apply(work, inputs[1]); });
      case Verb::map:
        return error_of([&] { calls.map(work, inputs); });
      case Verb::imap:
        return imap_outcome(calls, inputs);
    }
    return {};
  }
  static std::string imap_outcome(PoolCalls& calls, const std::vector<Argument>& inputs) {
    auto range = calls.imap(work, inputs);
    const bool comes_up = GetParam().stage != Stage::initializer;
    if (comes_up) {
      EXPECT_EQ(range.next().value().number, 16);
    }
    std::string error = error_of([&] { range.next(); });
    // An input that cannot be encoded ends the input; any other element costs itself alone.
    if (comes_up && GetParam().stage != Stage::argument_encode) {
      EXPECT_EQ(range.next().value().number, 36);
    }
    return error;
  }
};

INSTANTIATE_TEST_SUITE_P(Cell, CrashMatrix, ::testing::ValuesIn(cells()), cell_name);

TEST_P(CrashMatrix, costs_one_task_and_leaves_nothing) {
  Pool pool(options());
  EXPECT_EQ(outcome(pool), GetParam().expected().error);
  if (GetParam().stage == Stage::initializer) {
    EXPECT_EQ(outcome(pool), GetParam().expected().error);
    return;
  }
  EXPECT_EQ(pool.apply(work, good(7)).number, 49);
  EXPECT_EQ(pool.map(square, std::vector{1, 2, 3}), (std::vector{1, 4, 9}));
}

}  // namespace
}  // namespace brood::testing::crash_matrix_test
