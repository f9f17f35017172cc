// A library that a program opens with dlopen while it runs.
extern "C" int quadruple(int x) { return 4 * x; }

namespace {
// Its name is not known outside.
[[gnu::noinline]] int hidden_in_the_plugin(int* nowhere) { return *static_cast<volatile int*>(nowhere); }
}  // namespace
extern "C" int crashes_in_the_plugin(int) {
  int* volatile nowhere = nullptr;
  return hidden_in_the_plugin(nowhere) + 1;
}
