#pragma once

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

/// Values whose serializers misbehave, at one place each.
namespace brood::victims {

enum class How { well, throws, exits, aborts };

/// What a serializer does where it misbehaves.
inline void misbehave(How how) {
  switch (how) {
    case How::well:
      return;
    case How::throws:
      throw std::runtime_error("the serializer refuses");
    case How::exits:
      ::_exit(6);
    case How::aborts:
      std::abort();
  }
}

/// Writes a mebibyte, then misbehaves as told.
struct BadToEncode {
  How how = How::well;
  template <class Archive>
  void save(Archive& archive) const {
    archive(std::string(1 << 20, 'x'), static_cast<int>(how));
    misbehave(how);
  }
  template <class Archive>
  void load(Archive& archive) {
    std::string skipped;
    int encoded = 0;
    archive(skipped, encoded);
    how = static_cast<How>(encoded);
  }
};

/// Encodes itself well, and misbehaves as told when it is decoded.
struct BadToDecode {
  How how = How::well;
  template <class Archive>
  void save(Archive& archive) const {
    archive(static_cast<int>(how));
  }
  template <class Archive>
  void load(Archive& archive) {
    int encoded = 0;
    archive(encoded);
    how = static_cast<How>(encoded);
    misbehave(how);
  }
};

/// A task whose own state is bad to decode.
struct BadTask {
  BadToDecode state;
  int operator()(int x) const { return x; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(state);
  }
};

}  // namespace brood::victims
