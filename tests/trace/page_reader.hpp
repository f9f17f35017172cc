#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Reads what a page of a trace has of data, as its script does.
namespace brood::testing::trace {

/// The text of the element with this id, whose data have no `<`.
inline std::string_view text_of(std::string_view page, std::string_view id) {
  const std::string attribute = "\" id=\"" + std::string(id) + "\">";
  const std::size_t begin = page.find(attribute);
  if (begin == std::string_view::npos) throw std::runtime_error("no element " + std::string(id));
  page.remove_prefix(begin + attribute.size());
  return page.substr(0, page.find('<'));
}

inline std::string from_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : text.substr(0, text.find('='))) {
    bits = bits << 6U | static_cast<std::uint32_t>(alphabet.find(digit));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
  }
  return bytes;
}

/// LEB128 in base64.
inline std::vector<std::uint64_t> numbers(std::string_view text) {
  std::vector<std::uint64_t> all;
  std::uint64_t number = 0;
  unsigned shift = 0;
  for (const char c : from_base64(text)) {
    const auto byte = static_cast<unsigned char>(c);
    number |= std::uint64_t{byte & 0x7FU} << shift;
    shift += 7;
    if ((byte & 0x80U) != 0) continue;
    all.push_back(number);
    number = 0;
    shift = 0;
  }
  return all;
}

/// Of (how often, number).
inline std::vector<std::uint64_t> run_column(std::string_view text) {
  const std::vector<std::uint64_t> pairs = numbers(text);
  std::vector<std::uint64_t> all;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
    all.insert(all.end(), static_cast<std::size_t>(pairs[i]), pairs[i + 1]);
  return all;
}

/// Of differences: to the number before, or to that of `base`, where there is one. -1: unknown.
inline std::vector<std::int64_t> difference_column(std::string_view text,
                                                   const std::vector<std::int64_t>& base = {}) {
  std::vector<std::int64_t> all;
  std::int64_t last = 0;
  for (const std::uint64_t code : numbers(text)) {
    if (code == 0) {
      all.push_back(-1);
      continue;
    }
    const auto half = static_cast<std::int64_t>((code - 1) / 2);
    const std::int64_t difference = (code - 1) % 2 == 0 ? half : -half - 1;
    const std::int64_t from = base.empty() ? last : base[all.size()] < 0 ? 0 : base[all.size()];
    all.push_back(last = from + difference);
  }
  return all;
}

}  // namespace brood::testing::trace
