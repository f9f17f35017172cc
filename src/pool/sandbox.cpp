#include <brood/sandbox.hpp>

namespace brood {

Sandbox Sandbox::with(std::vector<std::string> detail::SandboxTerms::*list,
                      std::string entry) const {
  Sandbox wider = *this;
  (wider.terms_.*list).push_back(std::move(entry));
  return wider;
}

}  // namespace brood
