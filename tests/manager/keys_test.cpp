#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "manager/tcp_fixture.hpp"
#include "platform/descriptor.hpp"

namespace brood::testing::keys_test {
namespace {

class Keys : public TcpTest {};
BROOD_FOR_EVERY_METHOD(Keys);

TEST_P(Keys, short_ones_are_refused_and_the_text_says_what_to_do) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{15}}) {
    const std::string key(size, 'k');
    const std::string here =
        caught<UsageError>([&] {
          Manager({.start_method = method(), .address = "127.0.0.1:0", .key = key});
        }).what();
    EXPECT_TRUE(contains(here, "brood::random_key()")) << here;
    const std::string there =
        caught<UsageError>([&] { Manager::connect("127.0.0.1:1", key, method()); }).what();
    EXPECT_EQ(here, there);
  }
  EXPECT_THROW(Manager({.address = "127.0.0.1:0", .key = std::string(65'537, 'k')}), UsageError);
}

TEST_P(Keys, of_any_bytes_and_up_to_the_longest_work) {
  for (const std::size_t size : {std::size_t{16}, std::size_t{65'536}}) {
    std::string key(size, '\0');
    key.back() = '\n';
    const auto client = remote([](const Manager& far, Connection&) { far.list<int>(); });
    const Manager manager({.start_method = method(), .address = "127.0.0.1:0", .key = key});
    client->connect(manager.address(), key);
    EXPECT_EQ(client->end(), "");
  }
}

TEST_P(Keys, a_random_one_is_32_bytes_that_no_other_has) {
  const std::string key = random_key();
  EXPECT_EQ(key.size(), 64U);
  EXPECT_EQ(key.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(key, random_key());
  const auto client = remote([](const Manager& far, Connection&) { far.list<int>(); });
  const Manager manager({.start_method = method(), .address = "127.0.0.1:0", .key = key});
  client->connect(manager.address(), key);
  EXPECT_EQ(client->end(), "");
}

// --- what is left of a key in memory ---

/// Bytes that this process looks for and does not have.
class Hidden {
 public:
  explicit Hidden(std::string_view text) {
    for (const char c : text) inverted_ += static_cast<char>(~c);
  }
  std::string reveal() const {
    std::string text;
    text.reserve(inverted_.size());
    for (const char c : inverted_) text += static_cast<char>(~c);
    return text;
  }
  std::size_t count_in(std::string_view memory) const {
    std::size_t count = 0;
    const auto same = [](char here, char inverted) { return here == static_cast<char>(~inverted); };
    auto at = memory.begin();
    while ((at = std::search(at, memory.end(), inverted_.begin(), inverted_.end(), same)) !=
           memory.end()) {
      ++count;
      ++at;
    }
    return count;
  }

 private:
  std::string inverted_;
};

struct Area {
  unsigned long first = 0, last = 0;
  bool in_core_files = true;
};
std::vector<Area> writable_areas(int pid) {
  std::vector<Area> areas;
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps");
  bool is_writable = false;
  for (std::string line; std::getline(file, line);) {
    Area area;
    char permissions[5] = "";
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &area.first, &area.last, permissions) == 3) {
      is_writable = permissions[1] == 'w';
      if (is_writable) areas.push_back(area);
    } else if (is_writable && line.starts_with("VmFlags:")) {
      areas.back().in_core_files = !contains(line, " dd");
    }
  }
  return areas;
}

struct Found {
  std::size_t in_core_files = 0, elsewhere = 0;
  bool readable = true;
  std::size_t count() const { return in_core_files + elsewhere; }
};
/// How often the bytes are in a process's memory.
Found look_for(const Hidden& hidden, int pid) {
  Found found;
  const platform::Descriptor memory(
      ::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory) return {.readable = false};
  std::string bytes;
  for (const Area& area : writable_areas(pid)) {
    constexpr std::size_t step = 1 << 20;
    for (unsigned long at = area.first; at < area.last; at += step) {
      bytes.resize(std::min<std::size_t>(step, area.last - at));
      const ssize_t count =
          ::pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (count <= 0) continue;
      (area.in_core_files ? found.in_core_files : found.elsewhere) +=
          hidden.count_in({bytes.data(), static_cast<std::size_t>(count)});
    }
  }
  return found;
}

TEST_P(Keys, are_in_the_memory_of_no_process_when_the_server_is_up) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer keeps copies, and terabytes of shadow memory";
  std::string key = random_key();
  const Hidden hidden(key);
  brood::ManagerOptions options = listening();
  options.key = std::move(key);
  const Manager manager(std::move(options));
  std::vector<int> all = descendants_of(::getpid());
  EXPECT_NE(std::find(all.begin(), all.end(), manager.pid()), all.end());
  all.push_back(::getpid());
  const auto end = std::chrono::steady_clock::now() + patience;
  for (const int pid : all) {
    Found found = look_for(hidden, pid);
    if (!found.readable) GTEST_SKIP() << "may not read the memory of another process";
    // It may still be computing what proves the key.
    while (found.count() != 0 && std::chrono::steady_clock::now() < end)
      found = look_for(hidden, pid);
    EXPECT_EQ(found.count(), 0U) << pid << ", the server is " << manager.pid() << ", this is "
                                 << ::getpid();
  }
}

std::string derived(const std::string& key) {
  constexpr std::string_view salt = "brood manager 1";
  std::string made(48, '\0');
  EVP_PBE_scrypt(key.data(), key.size(), reinterpret_cast<const unsigned char*>(salt.data()),
                 salt.size(), 1 << 14, 8, 1, 64 << 20,
                 reinterpret_cast<unsigned char*>(made.data()), made.size());
  return made;
}

TEST_P(Keys, what_is_made_of_them_is_in_no_core_file) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer keeps copies, and terabytes of shadow memory";
  const auto client = remote([](const Manager& far, Connection& here) {
    const auto list = far.list<int>();
    list.push_back(1);
    here.send(far.pid());
    static_cast<void>(here.recv<int>());
  });
  const Manager manager(listening());
  client->connect(manager.address());
  const int gateway = client->hear();
  const Hidden hidden(derived(right_key));
  for (const int pid : {manager.pid(), gateway}) {
    const Found found = look_for(hidden, pid);
    if (!found.readable) GTEST_SKIP() << "may not read the memory of another process";
    EXPECT_EQ(found.in_core_files, 0U);
    EXPECT_EQ(found.elsewhere, 1U) << "where it is needed";
  }
  client->talk().send(1);
  EXPECT_EQ(client->end(), "");
}

}  // namespace
}  // namespace brood::testing::keys_test
