// The server's own tests, in one process. The pages in the browser are looked at by the scenarios that sign in.
import './device_flow_test.mjs';
import './token_test.mjs';
