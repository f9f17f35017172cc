// A program that uses Boost.Asio itself, of whichever version and with whichever macros.
#include <unistd.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/version.hpp>
#include <brood/brood.hpp>
#include <cstdio>
#include <vector>

#ifdef EXPECTED_BOOST_VERSION
static_assert(BOOST_VERSION == EXPECTED_BOOST_VERSION, "another Boost came first");
#endif

namespace {

int square(int x) { return x * x; }

// A timer, a handler that is posted, and a descriptor that becomes readable.
int events() {
  boost::asio::io_context context(1);
  int seen = 0;
  boost::asio::steady_timer timer(context, std::chrono::milliseconds(1));
  timer.async_wait([&seen](const boost::system::error_code& error) { seen += error ? 0 : 1; });
  boost::asio::post(context, [&seen] { ++seen; });
  int ends[2];
  if (::pipe(ends) != 0 || ::write(ends[1], "x", 1) != 1) return -1;
  boost::asio::posix::stream_descriptor readable(context, ends[0]);
  readable.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [&seen](const boost::system::error_code& error) { seen += error ? 0 : 1; });
  context.run();
  ::close(ends[1]);
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  brood::init(argc, argv);
  for (const char* const method : {"fork", "forkserver", "spawn"}) {
    if (events() != 3) return 1;
    brood::Pool pool({.workers = 2, .start_method = method});
    if (events() != 3) return 2;
    if (pool.map(square, std::vector{1, 2, 3}) != std::vector{1, 4, 9}) return 3;
    if (pool.apply_async(square, 5).get() != 25 || events() != 3) return 4;
  }
  std::puts("1 4 9");
}
