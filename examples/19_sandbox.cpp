// A PNG decoder in a sandbox: a file that takes it over has a process that can only compute.
// Needs: PNG
#include <png.h>
#include <zlib.h>
#include <brood/brood.hpp>
#include <iostream>

std::string number(std::size_t value) {
  std::string bytes(4, ' ');
  png_save_uint_32(reinterpret_cast<png_bytep>(bytes.data()), static_cast<png_uint_32>(value));
  return bytes;
}
std::string good_file() {
  std::string file(1000, ' '), pixels(40000, ' ');
  png_image image{nullptr, PNG_IMAGE_VERSION, 200, 200, PNG_FORMAT_GRAY, 0, 0, 0, {}};
  png_alloc_size_t size = file.size();
  png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), 0, nullptr);
  return file.substr(0, size);
}
std::string with_chunk(std::string file, const std::string& text) {
  const std::string chunk = "evIl" + text;
  const auto* const bytes = reinterpret_cast<const Bytef*>(chunk.data());
  const auto sum = crc32(0, bytes, static_cast<uInt>(chunk.size()));
  return file.insert(33, number(text.size()) + chunk + number(sum));  // behind the header
}
/// The hole: a decoder that was taken over does what the file says.
int does_what_it_says(png_structp, png_unknown_chunkp chunk) {
  return std::fopen(std::string(chunk->data, chunk->data + chunk->size).c_str(), "r") ? 1 : -1;
}
void read_bytes(png_structp png, png_bytep target, std::size_t count) {
  auto& left = *static_cast<std::string_view*>(png_get_io_ptr(png));
  if (left.size() < count) png_error(png, "the file is cut");
  std::copy_n(left.begin(), count, target);
  left.remove_prefix(count);
}
std::size_t decode(const std::string& file) {
  std::string_view left = file;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_read_fn(png, &left, read_bytes);
  png_set_read_user_chunk_fn(png, nullptr, does_what_it_says);
  png_read_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);  // aborts on a bad file
  return png_get_rowbytes(png, info) * png_get_image_height(png, info);
}
int main(int argc, char** argv) {
  brood::init(argc, argv);
  const std::string good = good_file();
  const std::vector files{good, good.substr(0, 70), with_chunk(good, "/etc/passwd")};
  brood::Pool pool({.workers = 2, .limits = {.core_size = 0}, .sandbox = brood::Sandbox::compute});
  for (const auto& outcome : pool.try_map(decode, files)) {
    try {
      std::cout << outcome.value() << " pixels\n";
    } catch (const brood::WorkerLost& lost) {
      std::cout << lost.report().describe() << '\n';
    }
  }
}
// Prints: 40000 pixels
// Prints: a signal of its own making
// Prints: the sandbox refused the system call openat(2)
