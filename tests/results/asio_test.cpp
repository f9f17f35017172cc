#if __has_include(<asio.hpp>)
#include <asio.hpp>
#include <asio/experimental/deferred.hpp>
#include <atomic>
#include <brood/asio.hpp>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#ifdef ASIO_HAS_CO_AWAIT
#include <asio/experimental/awaitable_operators.hpp>
#endif

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::asio_test {
namespace {

namespace net = ::asio;
using net::experimental::deferred;
class AsioWait : public PoolCheck {};

#define BROOD_SUITE AsioWait
#include "results/async_wait_cases.hpp"
#include "results/async_wait_end_cases.hpp"
#undef BROOD_SUITE

}  // namespace
}  // namespace brood::testing::asio_test
#endif
