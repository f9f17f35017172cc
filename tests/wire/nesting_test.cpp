#include <gtest/gtest.h>
#include <pthread.h>
#include <ucontext.h>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/variant.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <brood/codec.hpp>

#include "support/sanitizers.hpp"
#include "wire/written.hpp"

// Values whose nesting would overflow the stack of the thread that encodes or decodes them.
namespace nesting_test {

struct Chain {
  int number = 0;
  std::unique_ptr<Chain> next;
  int behind = 0;  // else the calls could be a loop
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, next, behind);
  }
};
struct SharedChain {
  std::shared_ptr<SharedChain> next;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(next);
  }
};
struct Tree {
  std::vector<Tree> children;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(children);
  }
};
struct Listed {
  std::list<Listed> children;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(children);
  }
};
struct Table {
  std::map<char, Table> entries;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(entries);
  }
};
struct Json {
  std::variant<std::monostate, double, std::vector<Json>> value;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value);
  }
};
struct Maybe {
  std::optional<std::unique_ptr<Maybe>> inner;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(inner);
  }
};
// Calls itself and not the archive for what it contains.
struct ByHand {
  std::unique_ptr<ByHand> next;
  std::string text;
  template <class Archive>
  void save(Archive& archive) const {
    archive(next != nullptr);
    if (next != nullptr) next->save(archive);
    archive(text);
  }
  template <class Archive>
  void load(Archive& archive) {
    bool more = false;
    archive(more);
    if (more) {
      next = std::make_unique<ByHand>();
      next->load(archive);
    }
    archive(text);
  }
};

}  // namespace nesting_test

namespace brood::testing::nesting {
namespace {

using namespace nesting_test;

constexpr std::size_t KiB = 1024;

// `levels` times the bytes that open a level.
template <class... T>
Written levels(std::size_t count, const T&... opening) {
  Written written;
  for (std::size_t i = 0; i < count; ++i) (written.add(opening), ...);
  return written;
}

// Runs `work` in a thread with a stack of `size` bytes.
void in_thread(std::size_t size, std::function<void()> work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, size), 0);
  pthread_t thread;
  const auto start = [](void* given) -> void* {
    (*static_cast<std::function<void()>*>(given))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, start, &work), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

// Runs `work` on a stack of `size` bytes that is no thread's own.
void in_coroutine(std::size_t size, std::function<void()> work) {
  static thread_local std::function<void()>* given;
  given = &work;
  ucontext_t here, there;
  const auto stack = std::make_unique<std::byte[]>(size);
  ASSERT_EQ(getcontext(&there), 0);
  there.uc_stack.ss_sp = stack.get();
  there.uc_stack.ss_size = size;
  there.uc_link = &here;
  makecontext(
      &there, [] { (*given)(); }, 0);
  ASSERT_EQ(swapcontext(&here, &there), 0);
}

template <class T>
void expect_too_deep(const Written& written) {
  const std::string text = refusal<T>(written);
  EXPECT_TRUE(contains(text, "too deeply nested")) << text;
}

void expect_all_too_deep(std::size_t depth) {
  expect_too_deep<Chain>(levels(depth, 7, '\1'));
  std::uint32_t number = new_object;
  Written shared;
  for (std::size_t i = 0; i < depth; ++i) shared.add(++number);
  expect_too_deep<SharedChain>(shared);
  expect_too_deep<Tree>(levels(depth, std::uint64_t{1}));
  expect_too_deep<Listed>(levels(depth, std::uint64_t{1}));
  expect_too_deep<Table>(levels(depth, std::uint64_t{1}, 'k'));
  expect_too_deep<Json>(levels(depth, 2, std::uint64_t{1}));
  expect_too_deep<Maybe>(levels(depth, false, '\1'));
  expect_too_deep<ByHand>(levels(depth, true));
}

TEST(Nesting, too_deep_is_a_codec_error_in_this_thread) { expect_all_too_deep(200'000); }

TEST(Nesting, too_deep_is_a_codec_error_in_threads_with_small_stacks) {
  const std::size_t smallest = under_sanitizer ? 256 * KiB : 32 * KiB;
  for (const std::size_t size : {smallest, 256 * KiB, 1024 * KiB})
    in_thread(size, [] { expect_all_too_deep(50'000); });
}

TEST(Nesting, too_deep_is_a_codec_error_in_a_coroutine) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer does not know the stack of an exception";
  in_coroutine(128 * KiB, [] { expect_all_too_deep(50'000); });
}

Chain chain(std::size_t length) {
  Chain first;
  for (std::size_t i = 0; i < length; ++i) {
    auto next = std::make_unique<Chain>(std::move(first));
    first = Chain{static_cast<int>(i), std::move(next), 0};
  }
  return first;
}
void unlink(Chain& first) {
  while (first.next != nullptr) {
    auto next = std::move(first.next->next);
    first.next = std::move(next);
  }
}

TEST(Nesting, too_deep_is_a_codec_error_of_the_encoder_too) {
  Chain first = chain(200'000);
  detail::Bytes bytes;
  try {
    detail::encode_value(bytes, first);
    ADD_FAILURE() << "encoded";
  } catch (const CodecError& error) {
    EXPECT_EQ(error.direction(), CodecError::Direction::encode);
    EXPECT_EQ(error.type(), "nesting_test::Chain");
    EXPECT_TRUE(contains(error.what(), "too deeply nested")) << error.what();
  }
  EXPECT_TRUE(bytes.empty());
  unlink(first);
}

// What was decoded is destroyed from its root, level by level: for that there must be room, too.
TEST(Nesting, what_is_decoded_at_the_limit_can_be_destroyed) {
  in_thread(256 * KiB, [] {
    bool refused = false;
    for (std::size_t depth = 16; !refused && depth < 50'000; depth += depth / 4) {
      Written tree = levels(depth, std::uint64_t{1});
      tree.add(std::uint64_t{0});
      try {
        decoded<Tree>(tree);
      } catch (const CodecError&) {
        refused = true;
      }
    }
    EXPECT_TRUE(refused);
  });
}

TEST(Nesting, a_list_of_thousands_is_not_too_deep) {
  const std::size_t length = times(5'000, 500);
  std::size_t counted = 0;
  Chain back = there_and_back(chain(length));
  for (const Chain* at = &back; at->next != nullptr; at = at->next.get()) ++counted;
  EXPECT_EQ(counted, length);
}

TEST(Nesting, a_thread_with_a_small_stack_decodes_what_is_flat) {
  in_thread(under_sanitizer ? 256 * KiB : 32 * KiB, [] {
    const std::vector<std::vector<std::string>> value(20, {"one", "two"});
    EXPECT_EQ(there_and_back(value), value);
  });
  if (under_sanitizer) return;
  in_coroutine(64 * KiB, [] {
    const std::vector<std::vector<std::string>> value(20, {"one", "two"});
    EXPECT_EQ(there_and_back(value), value);
  });
}

TEST(Nesting, an_archive_in_an_archive_has_no_stack_of_its_own) {
  struct Nested {
    static void decode(std::span<const std::byte> bytes, std::size_t depth) {
      Reader reader(bytes);
      InputArchive archive(reader);
      archive.check_nesting();
      if (depth != 0) decode(bytes, depth - 1);
    }
  };
  in_thread(256 * KiB, [] { EXPECT_THROW(Nested::decode({}, 1'000'000), CodecError); });
}

}  // namespace
}  // namespace brood::testing::nesting
