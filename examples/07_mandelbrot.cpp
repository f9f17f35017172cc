// Draws the Mandelbrot set into a PNG file. Each row is a task; rows of the inside take longest.
// Needs: PNG
#include <png.h>

#include <algorithm>
#include <brood/brood.hpp>
#include <complex>
#include <cstdint>
#include <iostream>
#include <numeric>

constexpr int width = 720, height = 480;
using Row = std::vector<std::uint8_t>;

std::uint8_t shade(std::complex<double> c) {
  double x = 0, y = 0;
  for (int step = 0; step < 255; ++step) {
    if (x * x + y * y > 4) return static_cast<std::uint8_t>(255 - step);
    const double next = x * x - y * y + c.real();
    y = 2 * x * y + c.imag();
    x = next;
  }
  return 0;
}

Row draw_row(int y) {
  Row row(width);
  for (int x = 0; x < width; ++x) {
    row[static_cast<std::size_t>(x)] = shade({-2.0 + 3.0 * x / width, -1.0 + 2.0 * y / height});
  }
  return row;
}

bool write_png(const char* path, const std::vector<Row>& rows) {
  Row pixels;
  for (const Row& row : rows) pixels.insert(pixels.end(), row.begin(), row.end());
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_GRAY;
  return png_image_write_to_file(&image, path, 0, pixels.data(), 0, nullptr) != 0;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  const char* const path = argc > 1 ? argv[1] : "mandelbrot.png";
  brood::Pool pool;
  std::vector<int> ys(height);
  std::iota(ys.begin(), ys.end(), 0);
  const std::vector<Row> rows = pool.map(draw_row, ys);
  if (!write_png(path, rows)) return 1;
  const bool same = std::equal(ys.begin(), ys.end(), rows.begin(),
                               [](int y, const Row& row) { return draw_row(y) == row; });
  std::cout << path << ": " << width << " x " << height << ", "
            << (same ? "the same as" : "another than") << " in one process\n";
}

// Prints: mandelbrot.png: 720 x 480, the same as in one process
