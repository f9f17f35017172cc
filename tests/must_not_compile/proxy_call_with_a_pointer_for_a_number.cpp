// Expect: brood: an argument of this call by proxy does not convert to the type of the method's
// parameter
#include <brood/brood.hpp>

struct Account {
  long set(long);
};

void call(brood::Proxy<Account>& account) { account.call<&Account::set>("twelve"); }
