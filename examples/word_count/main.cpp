// Counts the words of every file under a directory in worker processes.
// Needs: CLI11
// Run: "$(dirname "$source")/text" --workers 2 --top 3 --compare

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>

#include <brood/brood.hpp>
#include "files.hpp"
#include "report.hpp"

namespace word_count {
namespace {

struct Options {
  std::string directory;
  int workers = brood::available_cpus();
  std::string method = brood::get_start_method();
  std::size_t top = 10;
  bool compare = false;
};

struct Result {
  Summary summary;
  Measurement measurement;
};

void be_ready() {}

Result count_in_workers(const std::vector<std::string>& files, const std::string& method,
                        int workers) {
  const auto start = std::chrono::steady_clock::now();
  brood::Pool pool({.workers = workers, .start_method = method});
  pool.apply(be_ready);
  const auto started = std::chrono::steady_clock::now();
  ProgressBar bar(method);
  const auto progress = [&bar](std::size_t done, std::size_t total) { bar.show(done, total); };
  // A chunk's files are merged in its worker. Its result is a large map: a few of them are enough.
  const std::size_t chunk = files.size() / (32 * static_cast<std::size_t>(workers)) + 1;
  Summary summary = pool.with({.chunk = chunk, .progress = progress})
                        .map_reduce(count_file, files, merge, Summary{});
  const auto end = std::chrono::steady_clock::now();
  return {std::move(summary), {method, started - start, end - started}};
}

Result count_here(const std::vector<std::string>& files) {
  const auto start = std::chrono::steady_clock::now();
  ProgressBar bar("single process");
  std::size_t done = 0;
  Summary summary;
  for (const std::string& path : files) {
    summary = merge(std::move(summary), count_file(path));
    bar.show(++done, files.size());
  }
  const auto end = std::chrono::steady_clock::now();
  return {std::move(summary), {"single process", {}, end - start}};
}

int count(const FileList& list, const Options& options) {
  const auto [summary, measurement] = count_in_workers(list.files, options.method, options.workers);
  print_warnings(list.unreadable, summary.unreadable);
  print_top(summary, options.top);
  print_totals(summary);
  std::printf("%d workers by %s: %.1f ms to start, %.3f s to count\n", options.workers,
              options.method.c_str(), measurement.start.count() * 1000, measurement.count.count());
  return 0;
}

int compare(const FileList& list, const Options& options) {
  const auto [expected, baseline] = count_here(list.files);
  print_warnings(list.unreadable, expected.unreadable);
  std::vector<Measurement> measurements{baseline};
  bool all_same = true;
  for (const std::string& method : brood::start_methods()) {
    malloc_trim(0);  // what the run before has freed is no cost of this one
    auto [summary, measurement] = count_in_workers(list.files, method, options.workers);
    measurement.same = same_answer(summary, expected);
    all_same = all_same && measurement.same;
    measurements.push_back(measurement);
  }
  print_comparison(measurements);
  print_top(expected, options.top);
  print_totals(expected);
  return all_same ? 0 : 1;
}

}  // namespace
}  // namespace word_count

int main(int argc, char** argv) {
  brood::init(argc, argv);
  word_count::Options options;
  CLI::App app("Counts the words of every file under a directory in worker processes");
  app.add_option("DIR", options.directory, "Directory")->required();
  app.add_option("--workers", options.workers, "Worker processes")->capture_default_str();
  app.add_option("--method", options.method, "How workers are started")
      ->check(CLI::IsMember(brood::start_methods()))
      ->capture_default_str();
  app.add_option("--top", options.top, "How many words to print")->capture_default_str();
  app.add_flag("--compare", options.compare, "Compare the start methods with a single process");
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
// Prints:            5  the
// Prints:            4  eggs
// Prints:            3  The
// Prints: 3 files, 163 bytes, 33 words, 22 distinct
