// Expect: no matching function for call to 'wait(std::vector<int>&, int)'
#include <brood/wait.hpp>

std::vector<brood::Waitable> ready(std::vector<int> descriptors) {
  return brood::wait(descriptors, 1);
}
