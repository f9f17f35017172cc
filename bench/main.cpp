#include <benchmark/benchmark.h>

#include <brood/brood.hpp>

int main(int argc, char** argv) {
  brood::init(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
