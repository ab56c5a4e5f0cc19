/* The floor of every start-up: what an empty C program costs on this machine. */
int main(void) { return 0; }
