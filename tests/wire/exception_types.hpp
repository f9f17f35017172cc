#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include <brood/exception.hpp>

// Exceptions of a user's, for exception_test.cpp.
namespace exception_test {

struct Unregistered : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct UnregisteredRange : std::out_of_range {
  using std::out_of_range::out_of_range;
};
struct PlainError : std::exception {
  const char* what() const noexcept override { return "plain"; }
};
struct OutOfTape : std::bad_alloc {
  const char* what() const noexcept override { return "the tape is full"; }
};
struct WithoutText : std::exception {
  const char* what() const noexcept override { return nullptr; }
};
struct NoException {
  virtual ~NoException() = default;
};

struct FromText : std::runtime_error {
  explicit FromText(const std::string& text) : std::runtime_error(text) {}
};
struct DerivedFromText : FromText {
  using FromText::FromText;
};
// Made from its own text it would say "parse error: " twice.
struct Prefixing : std::runtime_error {
  explicit Prefixing(const std::string& text) : std::runtime_error("parse error: " + text) {}
};
struct WithFields : std::runtime_error {
  WithFields() : std::runtime_error("") {}
  WithFields(const std::string& text, int at_line) : std::runtime_error(text), line(at_line) {}
  int line = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(line);
  }
};
struct FailsToEncode : std::runtime_error {
  FailsToEncode() : std::runtime_error("has a bad serializer") {}
  template <class Archive>
  void save(Archive&) const {
    throw 42;
  }
  template <class Archive>
  void load(Archive&) {}
};
struct FailsToDecode : std::runtime_error {
  FailsToDecode() : std::runtime_error("") {}
  template <class Archive>
  void save(Archive&) const {}
  template <class Archive>
  void load(Archive&) {
    throw std::logic_error("no way back");
  }
};
struct Final final : std::runtime_error {
  explicit Final(const std::string& text) : std::runtime_error(text) {}
};

}  // namespace exception_test
