#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/deferred.hpp>
#include <brood/boost_asio.hpp>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#ifdef BOOST_ASIO_HAS_CO_AWAIT
#include <boost/asio/experimental/awaitable_operators.hpp>
#endif

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::boost_asio_test {
namespace {

namespace net = boost::asio;
using net::deferred;
class BoostAsioWait : public PoolCheck {};

#define BROOD_SUITE BoostAsioWait
#include "results/async_wait_cases.hpp"
#include "results/async_wait_end_cases.hpp"
#undef BROOD_SUITE

}  // namespace
}  // namespace brood::testing::boost_asio_test
