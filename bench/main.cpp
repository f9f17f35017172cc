// brood_bench: one round of a row of docs/performance.md. scripts/bench calls it.
#include <brood/init.hpp>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "in_process.hpp"
#include "measure.hpp"

namespace {

std::vector<bench::Row> all_rows() {
  std::vector<bench::Row> all;
  for (const auto& rows : {bench::call_rows(), bench::map_rows(), bench::large_rows(),
                           bench::start_rows(), bench::schedule_rows(), bench::memory_rows(),
                           bench::sharing_rows(), bench::many_worker_rows()})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

int run(const std::string& name, double divisor) {
  for (const bench::Row& row : all_rows()) {
    if (row.name != name) continue;
    const bench::Report report(row.name, row.unit);
    row.run(bench::Scale(divisor), report);
    return 0;
  }
  std::fprintf(stderr, "brood_bench: there is no row %s; `brood_bench list` names all\n",
               name.c_str());
  return 2;
}

void print_about() {
  std::printf(R"({"build_type": "%s", "compiler": "%s", "oneTBB": %s})"
              "\n",
              BROOD_BENCH_BUILD_TYPE, BROOD_BENCH_COMPILER,
              bench::in_process::has_tbb ? "true" : "false");
}

}  // namespace

int main(int argc, char** argv) try {
  // What a bare posix_spawn of this program runs: it ends before anything of Brood's begins.
  if (argc == 2 && std::strcmp(argv[1], "--exit") == 0) return 0;
  brood::init(argc, argv);
  CLI::App app("Measures Brood beside what the operating system alone takes");
  app.require_subcommand(1);
  const CLI::App* list = app.add_subcommand("list", "Names the rows");
  const CLI::App* about = app.add_subcommand("about", "Prints how this program was built");
  CLI::App* one = app.add_subcommand("run", "Measures one round of a row; prints JSON lines");
  std::string name;
  double divisor = 1;
  one->add_option("ROW", name, "The row")->required();
  one->add_option("--scale", divisor, "Divides all sizes")->check(CLI::Range(1.0, 1000.0));
  CLI11_PARSE(app, argc, argv);
  if (about->parsed()) print_about();
  if (list->parsed())
    for (const bench::Row& row : all_rows()) std::puts(row.name.c_str());
  return one->parsed() ? run(name, divisor) : 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "brood_bench: %s\n", error.what());
  return 1;
}
