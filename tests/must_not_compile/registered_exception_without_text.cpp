// Expect: brood: give this exception a constructor from its text
#include <exception>

#include <brood/exception.hpp>

struct Numbered : std::exception {
  explicit Numbered(int value) : number(value) {}
  int number;
};

const bool registered = brood::register_exception<Numbered>();
