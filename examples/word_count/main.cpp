// Counts the words of every file under a directory in worker processes, also while some of these
// crash and hang.
// Needs: CLI11
// Run: "$(dirname "$source")/text" --workers 2 --top 3 --compare --sabotage

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>

#include <brood/brood.hpp>
#include "files.hpp"
#include "report.hpp"
#include "sabotage.hpp"

namespace word_count {
namespace {

struct Options {
  std::string directory;
  int workers = brood::available_cpus();
  std::string method = brood::get_start_method();
  std::size_t top = 10;
  bool compare = false, sabotage = false;
  std::string trace;
};

struct Result {
  Summary summary;
  Measurement measurement;
  std::vector<std::string> lost;  // what became of the workers that were sabotaged
};

enum class Sabotaged : bool { no, yes };

void be_ready() {}

Result count_in_workers(const std::vector<std::string>& files, const std::string& method,
                        int workers, Sabotaged sabotaged, const std::string& trace) {
  const brood::ProgressBar bar(sabotaged == Sabotaged::yes ? method + ", sabotaged" : method);
  const auto start = std::chrono::steady_clock::now();
  brood::Pool pool(
      {.workers = workers, .start_method = method, .limits = {.core_size = 0}, .trace = trace});
  pool.apply(be_ready);
  std::optional<Sabotage> sabotage;
  if (sabotaged == Sabotaged::yes) sabotage.emplace(pool);
  const auto started = std::chrono::steady_clock::now();
  // A chunk's files are merged in its worker. Its result is a large map: a few of them are enough.
  const std::size_t chunk = files.size() / (32 * static_cast<std::size_t>(workers)) + 1;
  Summary summary =
      pool.with({.chunk = chunk, .progress = bar}).map_reduce(count_file, files, merge, Summary{});
  const auto end = std::chrono::steady_clock::now();
  return {std::move(summary),
          {method, started - start, end - started},
          sabotage ? sabotage->ends() : std::vector<std::string>()};
}

Result count_here(const std::vector<std::string>& files) {
  const auto start = std::chrono::steady_clock::now();
  const brood::ProgressBar bar("single process");
  std::size_t done = 0;
  Summary summary;
  for (const std::string& path : files) {
    summary = merge(std::move(summary), count_file(path));
    bar({.done = ++done, .total = files.size()});
  }
  const auto end = std::chrono::steady_clock::now();
  return {std::move(summary), {"single process", {}, end - start}, {}};
}

int count(const FileList& list, const Options& options) {
  const auto [summary, measurement, lost] =
      count_in_workers(list.files, options.method, options.workers,
                       options.sabotage ? Sabotaged::yes : Sabotaged::no, options.trace);
  print_warnings(list.unreadable, summary.unreadable);
  print_top(summary, options.top);
  print_totals(summary);
  std::printf("%d workers by %s: %.1f ms to start, %.3f s to count\n", options.workers,
              options.method.c_str(), measurement.start.count() * 1000, measurement.count.count());
  print_lost(lost);
  print_trace(options.trace);
  return 0;
}

Measurement compared(const Result& result, const Summary& expected) {
  Measurement measurement = result.measurement;
  measurement.same = same_answer(result.summary, expected);
  return measurement;
}

int compare(const FileList& list, const Options& options) {
  const auto [expected, baseline, none] = count_here(list.files);
  print_warnings(list.unreadable, expected.unreadable);
  std::vector<Measurement> measurements{baseline};
  for (const std::string& method : brood::start_methods()) {
    malloc_trim(0);  // what the run before has freed is no cost of this one
    const bool is_traced = !options.sabotage && method == options.method;
    const Result result = count_in_workers(list.files, method, options.workers, Sabotaged::no,
                                           is_traced ? options.trace : std::string());
    measurements.push_back(compared(result, expected));
  }
  std::vector<std::string> lost;
  if (options.sabotage) {
    Result result = count_in_workers(list.files, options.method, options.workers, Sabotaged::yes,
                                     options.trace);
    result.measurement.method = "sabotaged";
    measurements.push_back(compared(result, expected));
    lost = result.lost;
  }
  print_comparison(measurements);
  print_top(expected, options.top);
  print_totals(expected);
  print_lost(lost);
  print_trace(options.trace);
  const bool all_same = std::all_of(measurements.begin(), measurements.end(),
                                    [](const Measurement& one) { return one.same; });
  return all_same ? 0 : 1;
}

}  // namespace
}  // namespace word_count

int main(int argc, char** argv) {
  brood::init(argc, argv);
  word_count::Options options;
  CLI::App app("Counts the words of every file under a directory in worker processes");
  app.add_option("DIR", options.directory, "Directory")->required();
  app.add_option("--workers", options.workers, "Worker processes")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--method", options.method, "How workers are started")
      ->check(CLI::IsMember(brood::start_methods()))
      ->capture_default_str();
  app.add_option("--top", options.top, "How many words to print")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_flag("--compare", options.compare, "Compare the start methods with a single process");
  app.add_flag(
      "--sabotage", options.sabotage,
      "Let a worker crash and another one hang meanwhile; with --compare in a run of its own");
  app.add_option(
         "--trace", options.trace,
         "Write a timeline of the workers to this file, .html or .json; with --compare that "
         "of --sabotage or --method")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  try {
    app.parse(argc, argv);
    const auto list = word_count::files_under(options.directory);
    return options.compare ? compare(list, options) : count(list, options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::filesystem::filesystem_error& error) {
    std::fprintf(stderr, "word_count: %s: %s\n", options.directory.c_str(),
                 error.code().message().c_str());
    return 2;
  } catch (const brood::UsageError& error) {
    std::fprintf(stderr, "word_count: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "word_count: %s\n", error.what());
    return 1;
  }
}

// Prints~ method +start \[ms\] +count \[s\] +speed-up +same answer
// Prints~ single process .*  yes
// Prints~ forkserver .*  yes
// Prints~ fork .*  yes
// Prints~ spawn .*  yes
// Prints~ sabotaged .*  yes
// Prints:            5  the
// Prints:            4  eggs
// Prints:            3  The
// Prints: 3 files, 163 bytes, 33 words, 22 distinct
// Prints~ survived: worker ForkServerPoolWorker-[0-9]+ .* died by signal 11 \(SIGSEGV.*
// Prints~ survived: .* limit of 1 s; worker ForkServerPoolWorker-[0-9]+ .* was stopped
