#include "platform/secret_bytes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>

#include "support/in_child.hpp"
#include "support/leak_check.hpp"

namespace brood::platform::secret_bytes_test {
namespace {

using SecretBytesTest = testing::LeakCheck;

SecretBytes secret(std::string_view text) {
  return SecretBytes(std::as_bytes(std::span(text.data(), text.size())));
}
bool is(const SecretBytes& bytes, std::string_view text) {
  return std::ranges::equal(bytes.bytes(), std::as_bytes(std::span(text.data(), text.size())));
}
/// What the kernel has been told of the mapping at an address: proc(5), VmFlags.
std::string flags_at(const void* address) {
  std::ifstream file("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(file, line);) {
    unsigned long first = 0, last = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &first, &last) == 2)
      here = first <= reinterpret_cast<std::uintptr_t>(address) &&
             reinterpret_cast<std::uintptr_t>(address) < last;
    if (here && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

TEST_F(SecretBytesTest, are_what_they_were_made_of) {
  SecretBytes bytes = secret("a key");
  SecretBytes other = std::move(bytes);
  EXPECT_TRUE(bytes.empty());
  EXPECT_TRUE(is(other, "a key"));
  other = secret("another");
  EXPECT_TRUE(is(other, "another"));
  other = {};
  EXPECT_TRUE(other.empty());
  EXPECT_TRUE(is(SecretBytes(3), std::string_view("\0\0\0", 3)));
}

TEST_F(SecretBytesTest, are_in_no_core_file_and_in_no_forked_child) {
  const SecretBytes bytes = secret("a key");
  const std::string flags = flags_at(bytes.bytes().data());
  EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
  EXPECT_NE(flags.find(" wf "), std::string::npos) << flags;
  EXPECT_EQ(testing::in_child([&] { return is(bytes, std::string_view("\0\0\0\0\0", 5)) ? 0 : 1; }),
            0);
  EXPECT_TRUE(is(bytes, "a key"));
}

TEST_F(SecretBytesTest, a_string_is_wiped_with_all_its_room) {
  std::string text(100, 'k');
  text.resize(40);
  const char* const data = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), data) << "it has not moved";
  EXPECT_TRUE(std::all_of(data, data + text.capacity(), [](char c) { return c == '\0'; }));
}

}  // namespace
}  // namespace brood::platform::secret_bytes_test
