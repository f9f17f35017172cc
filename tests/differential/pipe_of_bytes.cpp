// Messages of bytes, ends that only read or only write, and what is refused.
#include <array>
#include <brood/brood.hpp>
#include <iostream>
#include <span>

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}
std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class F>
void attempt(const std::string& name, F call) try {
  std::cout << name << ": " << std::flush;
  call();
} catch (const brood::SystemError& error) {
  std::cout << (error.code() == std::errc::broken_pipe ? "nobody reads" : error.what()) << '\n';
} catch (const brood::BufferTooShort& error) {
  std::cout << "too short for " << text_of(error.message()) << '\n';
} catch (const brood::UsageError&) {
  std::cout << "refused\n";
}

int main() {
  std::cout << std::boolalpha;
  auto [reader, writer] = brood::pipe(brood::Duplex::no);
  std::cout << "readable, writable: " << reader.readable() << ' ' << reader.writable() << ' '
            << writer.readable() << ' ' << writer.writable() << '\n';
  attempt("send to a reader", [&end = reader] { end.send(1); });
  attempt("recv from a writer", [&end = writer] { end.recv<int>(); });
  writer.send_bytes(bytes_of("some bytes"));
  writer.send_bytes(bytes_of("more bytes"));
  std::cout << "recv_bytes: " << text_of(reader.recv_bytes()) << '\n';
  std::array<std::byte, 4> four;
  attempt("recv_bytes_into four", [&end = reader, &four] { end.recv_bytes_into(four); });
  reader.close();
  attempt("send", [&end = writer] { end.send(1); });
  std::cout << "closed: " << reader.closed() << ' ' << writer.closed() << '\n';
}
