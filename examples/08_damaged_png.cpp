// Decodes a folder of damaged PNG files through libpng: each has its outcome, none ends the run.
// Needs: PNG
#include <png.h>
#include <sys/stat.h>
#include <zlib.h>
#include <brood/brood.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

void make_files() {
  std::string good(1000, ' '), pixels(40000, ' ');
  png_image image{nullptr, PNG_IMAGE_VERSION, 200, 200, PNG_FORMAT_GRAY, 0, 0, 0, {}};
  png_alloc_size_t size = good.size();
  png_image_write_to_memory(&image, good.data(), &size, 0, pixels.data(), 0, nullptr);
  std::map<std::string, std::string> files{{"truncated", good.substr(0, 70)}};
  for (const char* const name : {"absurd", "flipped", "good"}) files[name] = good;
  auto* const bytes = reinterpret_cast<png_bytep>(files["absurd"].data());
  for (const int side : {16, 20}) png_save_uint_32(bytes + side, 60000);
  png_save_uint_32(bytes + 29, static_cast<png_uint_32>(crc32(0, bytes + 12, 17)));
  files["flipped"][19] = '?';
  std::filesystem::create_directories("damaged");
  for (const auto& [name, file] : files) std::ofstream("damaged/" + name + ".png") << file;
  mkfifo("damaged/endless.png", 0600);  // a reader of it waits for ever
}
std::size_t decode(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file.get());
  png_read_info(png, info);  // for a bad header, libpng calls abort(): it has no handler of errors
  std::string pixels(png_get_rowbytes(png, info) * png_get_image_height(png, info), ' ');
  png_destroy_read_struct(&png, &info, nullptr);
  png_image image{nullptr, PNG_IMAGE_VERSION, 0, 0, 0, 0, 0, 0, {}};
  if (!png_image_begin_read_from_file(&image, path.c_str()) ||
      !png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr))
    throw std::runtime_error(image.message);
  return pixels.size();
}
int main(int argc, char** argv) {
  brood::init(argc, argv);
  make_files();
  std::set<std::string> paths;
  for (const auto& f : std::filesystem::directory_iterator("damaged")) paths.insert(f.path());
  brood::Pool pool({.limits = {.address_space = 1U << 30, .core_size = 0}});
  const auto outcomes = pool.with({.timeout = std::chrono::seconds(2)}).try_map(decode, paths);
  for (auto outcome = outcomes.begin(); const std::string& path : paths) {
    try {
      std::cout << path << ": " << (outcome++)->value() << " pixels\n";
    } catch (const std::exception& error) {
      std::cout << error.what() << '\n';
    }
  }
}

// Prints: damaged/absurd.png: std::bad_alloc
// Prints~ damaged/endless.png: .* ran longer than its limit of 2 s; worker .* was stopped
// Prints~ damaged/flipped.png: worker .* died by signal 6 \(SIGABRT, Aborted\) in element 2: .*
// Prints: damaged/good.png: 40000 pixels
// Prints: damaged/truncated.png: Read Error
