#pragma once

/// A library that the tests link when they are built: its tasks are found in every worker.
namespace linked {
int triple(int x);
struct Scaler {
  int factor = 1;
  int scaled(int x) const;
  virtual int offset(int x) const;
  virtual ~Scaler() = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(factor);
  }
};
}  // namespace linked
