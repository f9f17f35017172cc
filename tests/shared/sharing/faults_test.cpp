// The Nth use of each system call fails: the maker or sender of a shared object is told, nothing is
// left behind, and what is there already stays whole.
#include <cerrno>
#include <string>
#include <utility>

#include "pool/pool_fixture.hpp"
#include "support/faults.hpp"

namespace brood::testing::faults_test {
namespace {

using faults::Failing;
using platform::SystemCalls;

constexpr Fault all_faults[] = {
    {"memfd_create", Failing<&SystemCalls::memfd_create>::install, EMFILE},
    {"ftruncate", Failing<&SystemCalls::ftruncate>::install, ENOSPC},
    {"fallocate", Failing<&SystemCalls::fallocate>::install, ENOSPC},
    {"mmap", Failing<&SystemCalls::mmap>::install, ENOMEM},
    {"pread", Failing<&SystemCalls::pread>::install, EIO},
    {"pwrite", Failing<&SystemCalls::pwrite>::install, ENOSPC},
    {"socketpair", Failing<&SystemCalls::socketpair>::install, EMFILE},
    {"fcntl", Failing<&SystemCalls::fcntl_int>::install, EMFILE},
    {"sendmsg", Failing<&SystemCalls::sendmsg>::install, ENOBUFS},
    {"recvmsg", Failing<&SystemCalls::recvmsg>::install, ENOMEM},
    {"poll", Failing<&SystemCalls::poll>::install, ENOMEM},
};

class SharingFaults : public PoolCheck, public ::testing::WithParamInterface<Fault> {};
INSTANTIATE_TEST_SUITE_P(Every, SharingFaults, ::testing::ValuesIn(all_faults),
                         [](const auto& parameter) { return parameter.param.name; });

using Message = std::pair<std::string, std::vector<Event>>;

template <class Body>
void try_it(std::string& text, Body body) {
  try {
    body();
  } catch (const Error& error) {
    text += std::string(error.what()) + "; ";
  }
}

// The text of what was thrown.
std::string make_and_send(std::size_t length, std::size_t handles) {
  std::string text;
  try_it(text, [&] {
    const Message sent{std::string(length, 'x'), std::vector<Event>(handles)};
    Queue<Message> queue;
    try_it(text, [&] { queue.put(sent); });
    const std::size_t there = queue.size();
    Received<Message> got;
    try_it(text, [&] { got = queue.try_get(); });
    EXPECT_EQ(there, queue.size() + got.has_value()) << text;
    if (!got && there == 1) got = queue.try_get();  // it has stayed
    ASSERT_EQ(there, static_cast<std::size_t>(got.has_value())) << text;
    if (got) got->second.back().set();
    EXPECT_EQ(sent.second.back().is_set(), got.has_value()) << text;
    EXPECT_TRUE(!got || got->first == sent.first);
    auto [one, other] = pipe();
    one.send(sent);
    EXPECT_EQ(other.recv<Message>().value().first, sent.first);
  });
  try_it(text, [] {
    const Value<int> value(3);
    const Array<int> array(100'000);
    SharedMemory memory(100'000);
    EXPECT_EQ(value.get(), 3);
  });
  return text;
}

TEST_P(SharingFaults, the_nth_use_of_a_call_fails_and_nothing_is_left_behind) {
  for (const auto& [length, handles] : {std::pair{10, 1}, {100'000, 3}, {200'000, 40}}) {
    const auto use = [length = length, handles = handles] {
      return make_and_send(static_cast<std::size_t>(length), static_cast<std::size_t>(handles));
    };
    ASSERT_EQ(use(), "");
    const Belongings before = Belongings::now();
    bool failed = true;
    for (int nth = 1; failed; ++nth) {
      ASSERT_LT(nth, 1000);
      const Injection injection(GetParam(), nth);
      const std::string text = use();
      failed = injection.happened();
      ASSERT_EQ(Belongings::now().descriptors, before.descriptors) << "use " << nth << ": " << text;
      ASSERT_FALSE(HasFatalFailure() || HasNonfatalFailure()) << "use " << nth << ": " << text;
    }
    EXPECT_EQ(use(), "");
  }
}

}  // namespace
}  // namespace brood::testing::faults_test
