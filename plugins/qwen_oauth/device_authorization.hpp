// The device authorization grant, RFC 8628: ask for a code, show it, ask the token endpoint until the person has decided.
#pragma once

#include <qwen/plugin.hpp>

#include "plugins/qwen_oauth/token_state.hpp"

namespace qwen_oauth {

/// Waits for a person, at most until the code expires. An outage in between ends nothing: it asks on until then (section 3.5).
/// Throws Failure: QWEN_ERR_LOGIN_DENIED, QWEN_ERR_LOGIN_EXPIRED, QWEN_ERR_CANCELLED, QWEN_ERR_PROVIDER (the issuer refused),
/// QWEN_ERR_BAD_RESPONSE, and network classes for the first request only.
[[nodiscard]] TokenState authorize_device(const qwen::plugin::Call& call);

}  // namespace qwen_oauth
