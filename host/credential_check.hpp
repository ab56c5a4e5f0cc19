// One small request that shows whether a credential works: what "signed in" and `auth status --check` rest on.
#pragma once

#include <optional>
#include <vector>

#include "core/chat/chat_client.hpp"
#include "core/chat/model_list.hpp"
#include "host/session.hpp"

namespace qwen::host {

/// GET <base URL>/models. An endpoint without a list of models (404, 405) was reached with the credential, which is what is asked.
/// Errors: those of the pipeline.
[[nodiscard]] Result<void> check_credential(pipeline::Pipeline& pipeline, const chat::ChatTarget& target, const Context& context);

/// What one request showed, in the terms a person can act on.
struct TriedCredential {
    enum class Verdict : std::uint8_t {
        works,
        refused,      ///< the server does not take the credential
        unreachable,  ///< nobody answered, so nothing is known of it
        unclear,      ///< an answer that says something else
    };
    Verdict verdict = Verdict::works;
    /// For all but `works`.
    std::optional<Error> why;
    /// What the server lists; empty when it lists none.
    std::vector<chat::ModelInfo> models;
};

/// The same request, its answer read: one request in all. Errors: cancelled, denied_by_policy.
[[nodiscard]] Result<TriedCredential> try_credential(Session& session, const Context& context);

}  // namespace qwen::host
