// A library that a program opens with dlopen while it runs.
extern "C" int quadruple(int x) { return 4 * x; }
