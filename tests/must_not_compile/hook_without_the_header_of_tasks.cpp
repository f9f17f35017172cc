// Expect: brood: to make an initializer or hook of a function, include <brood/task.hpp>
#include <brood/launcher.hpp>

void warm_up();

void configure() { brood::set_forkserver_preload({warm_up}); }
