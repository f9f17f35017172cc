#include <brood/detail/abi.hpp>

namespace brood::detail {

const char BROOD_ABI = 0;

}  // namespace brood::detail
