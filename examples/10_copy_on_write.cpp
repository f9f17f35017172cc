// Eight workers need the same table of 1 GiB: do they take 8 GiB? Forked, they share its pages
// until one of them writes there, and gets a page (4 KiB) of its own. The resident size (Rss),
// which top shows, counts shared pages in each process; the proportional size (Pss) does so once.
#include <brood/brood.hpp>
#include <cmath>
#include <fstream>
#include <iostream>

constexpr std::size_t page = 4096, pages = 1 << 18, children = 8;
std::vector<char> table;

void be_measured(const brood::Barrier& phase) {
  phase.wait();
  phase.wait();
}

void work(std::size_t index, const brood::Barrier& phase) {
  be_measured(phase);
  char sum = 0;
  for (std::size_t i = 0; i < pages; ++i) sum += table[i * page];
  be_measured(phase);
  const std::size_t first = index * pages / children;
  for (std::size_t i = 0; i < pages / children; ++i) table[(first + i) * page] = sum;
  be_measured(phase);
}

long gibibytes(const std::vector<int>& pids, const std::string& field) {
  double kibibytes = 0;
  for (const int pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string word; file >> word;)
      if (double number = 0; word == field && file >> number) kibibytes += number;
  }
  return std::lround(kibibytes / (1 << 20));
}

void report(const char* when, const std::vector<int>& pids, const brood::Barrier& phase) {
  phase.wait();
  std::cout << when << ": they seem to have " << gibibytes(pids, "Rss:") << " GiB, they have "
            << gibibytes(pids, "Pss:") << " GiB\n";
  phase.wait();
}

int main() {
  table.assign(page * pages, 1);
  brood::set_start_method("fork");
  const brood::Barrier phase(children + 1);
  std::vector<brood::Process> processes;
  for (std::size_t i = 0; i < children; ++i) processes.emplace_back(work, i, phase).start();
  std::vector<int> pids{brood::current_process().pid()};
  for (const brood::Process& process : processes) pids.push_back(process.pid());
  report("when forked", pids, phase);
  report("having read it all", pids, phase);
  report("having written an eighth each", pids, phase);
}

// Prints: when forked: they seem to have 9 GiB, they have 1 GiB
// Prints: having read it all: they seem to have 9 GiB, they have 1 GiB
// Prints: having written an eighth each: they seem to have 9 GiB, they have 2 GiB
