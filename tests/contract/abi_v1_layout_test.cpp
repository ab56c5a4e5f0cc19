#include "abi_v1_layout.h"

// The optional glue has to compile wherever the headers do.
#include "qwen/plugin.hpp"

int main() { return 0; }
