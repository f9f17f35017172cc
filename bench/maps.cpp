// Maps of numbers.
#include <brood/array.hpp>
#include <brood/cpu.hpp>
#include <brood/pool.hpp>

#include <poll.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "baseline.hpp"
#include "in_process.hpp"
#include "measure.hpp"
#include "tasks.hpp"

namespace bench {
namespace maps {
namespace {

std::vector<int> integers(int count) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}
std::vector<double> numbers(const Scale& scale) {
  std::vector<double> values(scale.of<std::size_t>(10'000'000, 1000));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

void map_ints(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  const std::vector<int> values = integers(scale.of(1'000'000, 1000));
  std::vector<Side> sides = {{"brood", [&] { keep(pool.map(tasks::next, values)); }}};
  if (in_process::has_tbb)
    sides.push_back({"oneTBB", [&] {
                       std::vector<int> results(values.size());
                       in_process::next_of_each(values, results);
                       keep(results);
                     }});
  alternate(report, 7, nanoseconds_each(static_cast<double>(values.size())), sides);
}

void map_chunk_1(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  const std::vector<int> values = integers(scale.of(100'000, 1000));
  alternate(report, 3, nanoseconds_each(static_cast<double>(values.size())),
            {{"brood", [&] { keep(pool.with({.chunk = 1}).map(tasks::next, values)); }}});
}

/// Writes all of `out` and reads as many bytes, each as fast as the pipes take and give them.
void through_pipes(const PipePeer& peer, const char* out, char* in, std::size_t size) {
  std::size_t to_write = size, to_read = size;
  while (to_read != 0) {
    pollfd ends[2] = {{peer.from(), POLLIN, 0}, {to_write != 0 ? peer.to() : -1, POLLOUT, 0}};
    poll(ends, 2, -1);
    if ((ends[0].revents & POLLIN) != 0) {
      const ssize_t got = read(peer.from(), in, to_read);
      if (got <= 0) throw std::runtime_error("read");
      in += got;
      to_read -= static_cast<std::size_t>(got);
    }
    if ((ends[1].revents & POLLOUT) != 0) {
      const ssize_t written = write(peer.to(), out, to_write);
      if (written <= 0) continue;  // EAGAIN: full by now
      out += written;
      to_write -= static_cast<std::size_t>(written);
    }
  }
}

void map_sqrt(const Scale& scale, const Report& report) {
  const std::vector<double> values = numbers(scale);
  std::vector<double> echoed(values.size());
  const PipePeer peer([](int from, int to) { echo(from, to); });
  enlarge(peer.to());
  enlarge(peer.from());
  fcntl(peer.to(), F_SETFL, O_NONBLOCK);
  const brood::Pool pool({.workers = 2});
  std::vector<Side> sides = {{"brood", [&] { keep(pool.map(tasks::root, values)); }},
                             {"pipe", [&] {
                                through_pipes(peer, reinterpret_cast<const char*>(values.data()),
                                              reinterpret_cast<char*>(echoed.data()),
                                              values.size() * sizeof(double));
                              }}};
  if (in_process::has_tbb)
    sides.push_back({"oneTBB", [&] {
                       std::vector<double> results(values.size());
                       in_process::root_of_each(values, results);
                       keep(results);
                     }});
  alternate(report, 3, nanoseconds_each(static_cast<double>(values.size())), sides);
}

void map_into(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  const std::vector<double> values = numbers(scale);
  std::vector<double> results(values.size());
  std::vector<Side> sides = {{"brood", [&] { pool.map_into(tasks::root, values, results); }}};
  if (in_process::has_tbb)
    sides.push_back({"oneTBB", [&] { in_process::root_of_each(values, results); }});
  alternate(report, 5, nanoseconds_each(static_cast<double>(values.size())), sides);
}

void root_in_place(const brood::ArraySlice<double>& part) {
  for (double& value : part) value = tasks::root(value);
}

void array_in_place(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  std::vector<double> values = numbers(scale);
  const brood::Array<double> array(values);
  const auto parts = array.slices(2);
  std::vector<Side> sides = {{"brood", [&] { pool.for_each(root_in_place, parts); }}};
  if (in_process::has_tbb)
    sides.push_back({"oneTBB", [&] { in_process::root_of_each(values, values); }});
  alternate(report, 7, nanoseconds_each(static_cast<double>(values.size())), sides);
}

}  // namespace
}  // namespace maps

std::vector<Row> map_rows() {
  return {{"map_ints", "ns", maps::map_ints},
          {"map_chunk_1", "ns", maps::map_chunk_1},
          {"map_sqrt", "ns", maps::map_sqrt},
          {"map_into", "ns", maps::map_into},
          {"array_in_place", "ns", maps::array_in_place}};
}

}  // namespace bench
