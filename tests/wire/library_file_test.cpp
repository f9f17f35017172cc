#include "base/library_file.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <brood/detail/codec/callable.hpp>
#include <brood/errors.hpp>

// The file that a code reference names is read before it is loaded, and trusted in nothing.
namespace brood::base::library_file_test {
namespace {

std::string path_of(const std::string& plugin) { return WIRE_PLUGINS "/wire_" + plugin + ".so"; }

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file of this test, removed at its end.
class File {
 public:
  explicit File(const std::string& bytes = {}) { write(bytes); }
  ~File() { std::filesystem::remove(path_); }
  void write(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  void patch(std::size_t offset, char byte) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset)).put(byte);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "/library_file_" + std::to_string(::getpid());
};

// What the loader makes of it.
BuildId id_when_loaded(const std::string& path, BuildId* noted = nullptr) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  const Module* const module =
      find_module(reinterpret_cast<std::uintptr_t>(::dlsym(library, "plugin_answer")));
  const BuildId id = module->id;
  for (const LoadedModule& loaded : loaded_modules()) {
    if (noted != nullptr && loaded.base == module->base) *noted = loaded.id;
  }
  ::dlclose(library);
  return id;
}

TEST(LibraryFile, knows_the_build_that_the_loader_will_find) {
  for (const std::string plugin : {"plugin", "other_plugin", "nameless_plugin"})
    EXPECT_EQ(LibraryFile(path_of(plugin)).build_id(), id_when_loaded(path_of(plugin))) << plugin;
  BuildId noted{1};
  id_when_loaded(path_of("nameless_plugin"), &noted);
  EXPECT_EQ(noted, BuildId{});  // so a hash of the code was compared
}

TEST(LibraryFile, is_a_regular_file_with_a_whole_path) {
  const std::string pipe = ::testing::TempDir() + "/library_pipe_" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  using namespace std::string_literals;
  for (const std::string& path : {pipe, "/dev/zero"s, "/"s, "/no/such/file"s, "libm.so.6"s, ""s,
                                  path_of("plugin") + "\0x"s, "/proc/self/mem/"s})
    EXPECT_THROW(LibraryFile{path}, CodecError) << path;
  std::filesystem::remove(pipe);
}

TEST(LibraryFile, is_refused_wherever_it_is_cut) {
  const std::string whole = content(path_of("plugin"));
  const File file;
  const BuildId id = LibraryFile(path_of("plugin")).build_id();
  for (std::size_t size = 0; size < 2048; size += size < 128 ? 1 : 37) {
    file.write(whole.substr(0, size));
    try {
      EXPECT_EQ(LibraryFile(file.path()).build_id(), id) << size;  // the note came before the cut
    } catch (const CodecError&) {
    }
  }
}

TEST(LibraryFile, any_byte_of_its_headers_may_be_wrong) {
  const std::string whole = content(path_of("plugin"));
  const File file(whole);
  for (std::size_t i = 0; i < 1024; ++i) {
    for (const int flipped : {0x01, 0x80, 0xff}) {
      file.patch(i, static_cast<char>(whole[i] ^ flipped));
      try {
        LibraryFile(file.path()).build_id();
      } catch (const CodecError&) {
      }
    }
    file.patch(i, whole[i]);
  }
}

template <class Change>
void expect_refused_with(Change change) {
  std::string bytes = content(path_of("plugin"));
  ElfW(Ehdr) header;
  std::memcpy(&header, bytes.data(), sizeof header);
  auto* const segments = reinterpret_cast<ElfW(Phdr)*>(bytes.data() + header.e_phoff);
  change(header, segments);
  std::memcpy(bytes.data(), &header, sizeof header);
  const File file(bytes);
  EXPECT_THROW(LibraryFile(file.path()).build_id(), CodecError);
}

TEST(LibraryFile, of_another_machine_or_with_segments_beyond_its_end_is_refused) {
  expect_refused_with([](auto& header, auto*) { header.e_ident[EI_CLASS] ^= 3; });
  expect_refused_with([](auto& header, auto*) { header.e_ident[EI_DATA] ^= 3; });
  expect_refused_with([](auto& header, auto*) { header.e_type = ET_CORE; });
  expect_refused_with([](auto& header, auto*) { header.e_phentsize = 1; });
  expect_refused_with([](auto& header, auto*) { header.e_phnum = 0xffff; });
  expect_refused_with([](auto& header, auto*) { header.e_phoff = ~std::uint64_t{0}; });
  const auto each_note = [](auto& header, auto* segments, auto change) {
    for (int i = 0; i < header.e_phnum; ++i) {
      if (segments[i].p_type == PT_NOTE) change(segments[i]);
    }
  };
  for (const std::uint64_t wrong : {~std::uint64_t{0}, std::uint64_t{1} << 40})
    expect_refused_with([&](auto& header, auto* segments) {
      each_note(header, segments, [&](auto& note) { note.p_filesz = wrong; });
    });
  expect_refused_with([&](auto& header, auto* segments) {
    each_note(header, segments, [&](auto& note) { note.p_offset = ~std::uint64_t{0} - 8; });
  });
}

// A terabyte of nothing, all of it said to be code.
TEST(LibraryFile, is_not_read_without_end) {
  const std::string whole = content(path_of("nameless_plugin"));
  const File file(whole);
  ASSERT_EQ(::truncate(file.path().c_str(), off_t{1} << 40), 0);
  std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
  ElfW(Ehdr) header;
  std::memcpy(&header, whole.data(), sizeof header);
  for (int i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + static_cast<std::size_t>(i) * sizeof(ElfW(Phdr));
    ElfW(Phdr) segment;
    std::memcpy(&segment, whole.data() + at, sizeof segment);
    if (segment.p_type == PT_LOAD) segment.p_filesz = std::uint64_t{1} << 39;
    stream.seekp(static_cast<std::streamoff>(at));
    stream.write(reinterpret_cast<const char*>(&segment), sizeof segment);
  }
  stream.close();
  EXPECT_THROW(LibraryFile(file.path()).build_id(), CodecError);
}

TEST(LibraryFile, notes_may_be_anything) {
  const auto id_in = [](std::initializer_list<std::uint32_t> words) {
    const auto* const first = reinterpret_cast<const std::uint8_t*>(words.begin());
    return build_id_in_notes({first, words.size() * 4}, 4);
  };
  constexpr std::uint32_t gnu = 0x00554e47, most = 0xffff'ffff;
  EXPECT_EQ(id_in({4, 4, NT_GNU_BUILD_ID, gnu, 0x01020304}), (BuildId{4, 3, 2, 1}));
  EXPECT_EQ(id_in({0, 0, 1, 4, 4, NT_GNU_BUILD_ID, gnu, 7}), (BuildId{7}));
  for (const std::uint32_t size : {most, most - 3, 8u, 5u}) {
    EXPECT_EQ(id_in({4, size, NT_GNU_BUILD_ID, gnu, 7}), BuildId{}) << size;
    EXPECT_EQ(id_in({size, 4, NT_GNU_BUILD_ID, gnu, 7}), BuildId{}) << size;
  }
  EXPECT_EQ(id_in({most, most, 1}), BuildId{});
  EXPECT_EQ(id_in({}), BuildId{});
}

// Its constructor sets a variable of the environment.
TEST(LibraryFile, of_another_build_is_not_loaded) {
  detail::Bytes reference;
  {
    void* const library = ::dlopen(path_of("loud_plugin").c_str(), RTLD_NOW);
    ASSERT_NE(library, nullptr) << ::dlerror();
    ASSERT_STREQ(std::getenv("BROOD_TEST_LOUD_PLUGIN"), "loaded");
    detail::put_code(reference, ::dlsym(library, "plugin_answer"));
    ::dlclose(library);
  }
  const auto resolve = [&](detail::LoadPolicy policy) {
    Reader reader(reference.view(), policy);
    return detail::take_code(reader);
  };
  ::unsetenv("BROOD_TEST_LOUD_PLUGIN");
  EXPECT_THROW(resolve(detail::LoadPolicy::may_load), CodecError);  // nor has Brood started this
  set_loading(Loading::allowed);
  EXPECT_THROW(resolve(detail::LoadPolicy::loaded_only), CodecError);
  reference.data()[0] ^= std::byte{1};
  EXPECT_THROW(resolve(detail::LoadPolicy::may_load), CodecError);
  EXPECT_EQ(std::getenv("BROOD_TEST_LOUD_PLUGIN"), nullptr);
  reference.data()[0] ^= std::byte{1};
  EXPECT_NE(resolve(detail::LoadPolicy::may_load), nullptr);
  EXPECT_STREQ(std::getenv("BROOD_TEST_LOUD_PLUGIN"), "loaded");
  set_loading(Loading::refused);
}

}  // namespace
}  // namespace brood::base::library_file_test
