// One small request that shows whether a credential works: what "signed in" and `auth status --check` rest on.
#pragma once

#include "core/chat/chat_client.hpp"

namespace qwen::host {

/// GET <base URL>/models. An endpoint without a list of models (404, 405) was reached with the credential, which is what is asked.
/// Errors: those of the pipeline.
[[nodiscard]] Result<void> check_credential(pipeline::Pipeline& pipeline, const chat::ChatTarget& target, const Context& context);

}  // namespace qwen::host
