#include "wire/code_ref.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <brood/detail/codec/callable.hpp>
#include <brood/errors.hpp>

namespace brood::detail::code_ref_test {
namespace {

using Answer = int (*)();

int seven() { return 7; }

Bytes reference_to(const void* address) {
  Bytes bytes;
  put_code(bytes, address);
  return bytes;
}

const void* address_of(Answer function) { return reinterpret_cast<const void*>(function); }

const void* resolved(const Bytes& bytes) {
  Reader reader(bytes.view());
  const void* const address = take_code(reader);
  EXPECT_EQ(reader.left(), 0u);
  return address;
}

int call(const void* address) { return reinterpret_cast<Answer>(const_cast<void*>(address))(); }

std::string failure(const Bytes& bytes) {
  try {
    resolved(bytes);
  } catch (const CodecError& error) {
    return error.what();
  }
  ADD_FAILURE() << "resolved";
  return {};
}

std::string path_of(const std::string& plugin) { return WIRE_PLUGINS "/wire_" + plugin + ".so"; }

// A loaded library, unloaded at the end of the scope.
class Library {
 public:
  explicit Library(const std::string& path) : handle_(::dlopen(path.c_str(), RTLD_NOW)) {
    EXPECT_NE(handle_, nullptr) << path;
  }
  ~Library() { ::dlclose(handle_); }
  const void* answer() const { return ::dlsym(handle_, "plugin_answer"); }

 private:
  void* handle_;
};

// As in a process that Brood has started: libraries may be loaded.
class LoadingAllowed {
 public:
  LoadingAllowed() { base::set_loading(base::Loading::allowed); }
  ~LoadingAllowed() { base::set_loading(base::Loading::refused); }
};

void flip_build_id(Bytes& reference) { reference.data()[0] ^= std::byte{1}; }

TEST(CodeRef, a_function_of_the_program_comes_back) {
  const Bytes bytes = reference_to(address_of(&seven));
  EXPECT_EQ(bytes.size(), 28u);  // no path: every process of the program knows it
  EXPECT_EQ(call(resolved(bytes)), 7);
}

TEST(CodeRef, a_lambda_comes_back) {
  const Answer eight = [] { return 8; };
  EXPECT_EQ(call(resolved(reference_to(address_of(eight)))), 8);
}

TEST(CodeRef, a_null_function_is_refused_with_the_reason) {
  try {
    reference_to(nullptr);
    FAIL();
  } catch (const CodecError& error) {
    EXPECT_EQ(error.direction(), CodecError::Direction::encode);
    EXPECT_NE(std::string(error.what()).find("null"), std::string::npos);
  }
}

TEST(CodeRef, an_address_that_is_no_code_is_refused) {
  const auto data = std::make_unique<int>(3);
  EXPECT_THROW(reference_to(data.get()), CodecError);
}

TEST(CodeRef, another_build_of_the_program_is_refused) {
  Bytes bytes = reference_to(address_of(&seven));
  flip_build_id(bytes);
  EXPECT_NE(failure(bytes).find("another build"), std::string::npos);
}

TEST(CodeRef, an_offset_outside_the_code_is_refused) {
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    Bytes bytes = reference_to(address_of(&seven));
    std::memcpy(bytes.data() + 16, &offset, sizeof offset);
    EXPECT_NE(failure(bytes).find("outside"), std::string::npos) << offset;
  }
}

TEST(CodeRef, a_reference_cut_anywhere_is_refused) {
  const Bytes bytes = reference_to(address_of(&seven));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Reader reader(bytes.view().first(size));
    EXPECT_THROW(take_code(reader), CodecError);
  }
}

TEST(CodeRef, a_function_of_a_library_comes_back_while_it_is_loaded) {
  const Library library(path_of("plugin"));
  EXPECT_EQ(resolved(reference_to(library.answer())), library.answer());
}

TEST(CodeRef, a_library_that_is_not_loaded_here_is_loaded_from_its_path) {
  const LoadingAllowed allowed;
  Bytes bytes;
  {
    const Library library(path_of("nameless_plugin"));
    bytes = reference_to(library.answer());
  }
  Reader reader(bytes.view());
  EXPECT_EQ(wire::take_code_if_present(reader), nullptr);
  EXPECT_EQ(call(resolved(bytes)), 42);
}

TEST(CodeRef, two_libraries_in_one_place_one_after_the_other_are_told_apart) {
  for (int i = 0; i < 20; ++i) {
    const Library library(path_of(i % 2 == 0 ? "plugin" : "other_plugin"));
    const Bytes bytes = reference_to(library.answer());
    EXPECT_EQ(call(resolved(bytes)), i % 2 == 0 ? 42 : 43);
  }
}

TEST(CodeRef, a_library_rebuilt_meanwhile_is_refused_by_name) {
  const LoadingAllowed allowed;
  const Library library(path_of("other_plugin"));
  Bytes bytes = reference_to(library.answer());
  flip_build_id(bytes);
  const std::string text = failure(bytes);
  EXPECT_NE(text.find("wire_other_plugin.so is another build"), std::string::npos) << text;
}

TEST(CodeRef, a_missing_library_is_refused_by_name) {
  const LoadingAllowed allowed;
  const Library library(path_of("plugin"));
  Bytes bytes = reference_to(library.answer());
  flip_build_id(bytes);
  bytes.data()[bytes.size() - 1] = std::byte{'x'};
  EXPECT_NE(failure(bytes).find("wire_plugin.sx"), std::string::npos);
}

TEST(CodeRef, of_two_equal_libraries_the_one_with_the_same_path_is_taken) {
  const std::string copy =
      ::testing::TempDir() + "/wire_copy_" + std::to_string(::getpid()) + ".so";
  std::filesystem::copy_file(path_of("plugin"), copy,
                             std::filesystem::copy_options::overwrite_existing);
  {
    const Library first(path_of("plugin")), second(copy);
    ASSERT_NE(first.answer(), second.answer());
    EXPECT_EQ(resolved(reference_to(first.answer())), first.answer());
    EXPECT_EQ(resolved(reference_to(second.answer())), second.answer());
  }
  std::filesystem::remove(copy);
}

TEST(CodeRef, many_threads_find_their_functions) {
  const Library library(path_of("plugin"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        EXPECT_EQ(resolved(reference_to(library.answer())), library.answer());
        EXPECT_EQ(resolved(reference_to(address_of(&seven))), address_of(&seven));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(CodeRef, a_forked_child_finds_the_functions_of_its_parent) {
  const Library library(path_of("plugin"));
  const pid_t child = ::fork();
  if (child == 0) {
    const bool found = resolved(reference_to(library.answer())) == library.answer();
    ::_exit(found && call(resolved(reference_to(address_of(&seven)))) == 7 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(CodeRef, the_programs_build_id_is_one_and_readable) {
  EXPECT_EQ(wire::program_build_id(), wire::program_build_id());
  EXPECT_EQ(wire::to_string(wire::program_build_id()).size(), 32u);
  EXPECT_EQ(wire::to_string(wire::BuildId{0xab}), "ab000000000000000000000000000000");
}

std::function<void()> at_end;
struct Last {
  ~Last() {
    if (at_end) at_end();
  }
} const last;  // made before all that calls make, and so destroyed behind it

TEST(CodeRef, may_be_made_when_static_objects_are_destroyed) {
  resolved(reference_to(address_of(&seven)));
  const pid_t pid = ::fork();
  if (pid == 0) {
    at_end = [] {
      std::vector<std::string> reused;  // memory that others have left
      for (std::size_t i = 0; i < 2000; ++i) reused.emplace_back(16 + i / 4, '\xff');
      ::_exit(call(resolved(reference_to(address_of(&seven)))));
    };
    std::exit(1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace brood::detail::code_ref_test
