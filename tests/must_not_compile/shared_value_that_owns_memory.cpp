// Expect: brood: what lies in shared memory must be trivially copyable
#include <string>

#include <brood/value.hpp>

brood::Value<std::string> make() { return brood::Value<std::string>(std::string("text")); }
