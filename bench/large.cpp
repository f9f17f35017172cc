// Arguments and results of many MiB.
#include <brood/pool.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "baseline.hpp"
#include "measure.hpp"
#include "memory.hpp"

namespace bench {
namespace large {
namespace {

constexpr std::size_t mib = 1 << 20;

template <class T>
std::size_t size_of(const T& value) {
  return value.size();
}
std::size_t size_of_span(std::span<const char> value) { return value.size(); }
std::size_t size_of_view(std::string_view value) { return value.size(); }
template <class T>
T made(std::size_t size) {
  return T(size, 'x');
}

/// Takes `size` bytes, then answers with one, again and again.
void sink(int from, int to, std::size_t size) {
  std::vector<char> block(mib);
  for (std::size_t left = size;;) {
    const ssize_t got = read(from, block.data(), std::min(block.size(), left));
    if (got <= 0) return;
    left -= static_cast<std::size_t>(got);
    if (left != 0) continue;
    write_fully(to, block.data(), 1);
    left = size;
  }
}
/// Takes one byte, then makes and sends `size` bytes, again and again.
void source(int from, int to, std::size_t size) {
  for (char byte; read(from, &byte, 1) == 1;) {
    const std::vector<char> value(size, 'x');
    write_fully(to, value.data(), size);
  }
}

brood::PoolOptions options() { return {.workers = 1, .max_message_size = std::uint64_t{4} << 30}; }

// A caller and a worker have the value, and a copy may be on its way.
bool fits(std::size_t size, const Report& report) {
  if (available_memory() > 5 * size + 256 * mib) return true;
  report.leave_out("less free memory than five times the size");
  return false;
}
int repetitions(std::size_t size) { return size > 256 * mib ? 1 : 5; }

template <class T>
void argument(std::size_t full, const Scale& scale, const Report& report) {
  const std::size_t size = scale.of(full, mib);
  if (!fits(size, report)) return;
  const T value(size, 'x');
  const PipePeer peer([size](int from, int to) { sink(from, to, size); });
  enlarge(peer.to());
  const brood::Pool pool(options());
  alternate(report, repetitions(size), bandwidth(static_cast<double>(size)),
            {{"brood", [&] { keep(pool.apply(size_of<T>, value)); }},
             {"pipe", [&] {
                char done = 0;
                write_fully(peer.to(), value.data(), size);
                read_fully(peer.from(), &done, 1);
              }}});
}

template <class T>
void result(std::size_t full, const Scale& scale, const Report& report) {
  const std::size_t size = scale.of(full, mib);
  if (!fits(size, report)) return;
  const PipePeer peer([size](int from, int to) { source(from, to, size); });
  enlarge(peer.from());
  const brood::Pool pool(options());
  std::vector<char> taken(size);
  alternate(report, repetitions(size), bandwidth(static_cast<double>(size)),
            {{"brood", [&] { keep(pool.apply(made<T>, size)); }}, {"pipe", [&] {
                                                                     write_fully(peer.to(), "x", 1);
                                                                     read_fully(peer.from(),
                                                                                taken.data(), size);
                                                                   }}});
}

template <class T, class F>
void view(F function, std::size_t full, const Scale& scale, const Report& report) {
  const std::size_t size = scale.of(full, mib);
  if (!fits(size, report)) return;
  const T value(size, 'x');
  std::vector<char> copy(size);
  const brood::Pool pool(options());
  alternate(report, repetitions(size), bandwidth(static_cast<double>(size)),
            {{"brood", [&] { keep(pool.apply(function, value)); }},
             {"memcpy", [&] {
                std::memcpy(copy.data(), value.data(), size);
                keep(copy);
              }}});
}

}  // namespace
}  // namespace large

std::vector<Row> large_rows() {
  std::vector<Row> rows;
  for (const std::size_t size : {64 * large::mib, 1024 * large::mib}) {
    const std::string end = size == 64 * large::mib ? "64_mib" : "1_gib";
    const auto add = [&](const std::string& name, auto run) {
      rows.push_back({name + "_" + end, "GiB/s",
                      [run, size](const Scale& scale, const Report& r) { run(size, scale, r); }});
    };
    add("argument_vector", large::argument<std::vector<char>>);
    add("argument_string", large::argument<std::string>);
    add("result_vector", large::result<std::vector<char>>);
    add("result_string", large::result<std::string>);
    add("argument_span",
        [](const auto&... rest) { large::view<std::vector<char>>(large::size_of_span, rest...); });
    add("argument_view",
        [](const auto&... rest) { large::view<std::string>(large::size_of_view, rest...); });
  }
  return rows;
}

}  // namespace bench
