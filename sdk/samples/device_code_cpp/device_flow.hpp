// Signing in with a code that is typed into a browser, on this machine or another (RFC 8628), with PKCE (RFC 7636).
#pragma once

#include "token_endpoint.hpp"

namespace device_code_cpp {

/// Shows the code and waits until the person has decided. Throws Failure when the answer is no, or does not come in time.
[[nodiscard]] Tokens sign_in(const qwen::plugin::Call& call);

}  // namespace device_code_cpp
