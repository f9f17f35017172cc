// Expect: brood: what lies in shared memory must be trivially copyable and no pointer
#include <brood/array.hpp>

brood::Array<const char*> make() { return brood::Array<const char*>(3); }
