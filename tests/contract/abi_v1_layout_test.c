#include "abi_v1_layout.h"

int main(void) { return 0; }
