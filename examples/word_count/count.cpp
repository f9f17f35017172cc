#include "count.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

namespace word_count {

namespace {

constexpr std::size_t longest_word = 256;

constexpr std::array<bool, 256> word_bytes = [] {
  std::array<bool, 256> is_word{};
  for (std::size_t c = 0; c < is_word.size(); ++c) {
    is_word[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c >= 0x80;
  }
  return is_word;
}();

bool is_word_byte(char c) { return word_bytes[static_cast<unsigned char>(c)]; }

void add_word(Summary& summary, std::string_view word) {
  ++summary.words;
  const auto found = summary.counts.find(word);
  if (found != summary.counts.end()) {
    ++found->second;
  } else {
    summary.counts.emplace(word, 1);
  }
}

/// Adds the words of `text`. Returns where a word starts that may go on behind its end.
std::size_t add_words(Summary& summary, std::string_view text, bool at_end) {
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool inside = is_word_byte(text[i]);
    if (inside && i - start < longest_word) continue;
    if (i != start) add_word(summary, text.substr(start, i - start));
    start = inside ? i : i + 1;
  }
  if (!at_end || start == text.size()) return start;
  add_word(summary, text.substr(start));
  return text.size();
}

void read_words(Summary& summary, std::FILE* file) {
  static std::array<char, std::size_t{256} * 1024> buffer;
  for (std::size_t kept = 0;;) {
    const std::size_t got = std::fread(buffer.data() + kept, 1, buffer.size() - kept, file);
    const std::string_view text(buffer.data(), kept + got);
    const std::size_t used = add_words(summary, text, got == 0);
    if (got == 0) return;
    summary.bytes += got;
    kept = text.size() - used;
    std::memmove(buffer.data(), buffer.data() + used, kept);
  }
}

}  // namespace

Summary count_file(const std::string& path) {
  Summary summary;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file) {
    std::setvbuf(file.get(), nullptr, _IONBF, 0);
    read_words(summary, file.get());
  }
  if (!file || std::ferror(file.get()) != 0) {
    summary.unreadable.push_back({path, std::strerror(errno)});
  } else {
    summary.files = 1;
  }
  return summary;
}

Summary merge(Summary a, Summary b) {
  if (a.counts.size() < b.counts.size()) std::swap(a.counts, b.counts);
  a.counts.merge(b.counts);  // moves the words that only b has, and leaves the others in b
  for (const auto& [word, count] : b.counts) a.counts.find(word)->second += count;
  a.files += b.files;
  a.bytes += b.bytes;
  a.words += b.words;
  a.unreadable.insert(a.unreadable.end(), b.unreadable.begin(), b.unreadable.end());
  return a;
}

bool same_answer(const Summary& a, const Summary& b) {
  return a.files == b.files && a.bytes == b.bytes && a.words == b.words && a.counts == b.counts;
}

}  // namespace word_count
