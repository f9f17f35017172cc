#include <dlfcn.h>

#include <filesystem>
#include <stdexcept>

#include "pool/pool_fixture.hpp"

// Functions of a library that a worker has opened and its owner has not.
namespace brood::testing::library_results_test {
namespace {

class LibraryResults : public PoolTest {};
BROOD_FOR_EVERY_METHOD(LibraryResults);

using Function = int (*)(int);

bool is_loaded(const std::string& path) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (library != nullptr) ::dlclose(library);
  return library != nullptr;
}

Task<Function> function_in(const std::string& path) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  return task(reinterpret_cast<Function>(::dlsym(library, "version_times")));
}
int square(int x) { return x * x; }

// Loading it would run its constructors, whatever lies at the path that the worker has named.
TEST_P(LibraryResults, an_owner_loads_no_library_because_a_result_names_it) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  const std::string path = scratch.path("plugin.so");
  std::filesystem::copy_file(POOL_PLUGINS "/pool_reloaded_1.so", path);
  const auto error = caught<CodecError>([&] { pool.apply(function_in, path); });
  EXPECT_NE(std::string(error.what()).find("not loaded in this process"), std::string::npos)
      << error.what();
  EXPECT_FALSE(is_loaded(path));
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(LibraryResults, a_function_of_a_library_that_the_owner_has_loaded_comes_back) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  const std::string path = scratch.path("plugin.so");
  std::filesystem::copy_file(POOL_PLUGINS "/pool_reloaded_2.so", path);
  void* const library = ::dlopen(path.c_str(), RTLD_NOW);
  ASSERT_NE(library, nullptr) << ::dlerror();
  EXPECT_EQ(pool.apply(function_in, path)(5), 10);
  ::dlclose(library);
}

}  // namespace
}  // namespace brood::testing::library_results_test
