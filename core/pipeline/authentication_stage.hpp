// Puts the provider's credential on the request, and deals with an answer that says it is no longer good.
#pragma once

#include <functional>
#include <memory>

#include "core/pipeline/error_mapping.hpp"
#include "core/pipeline/stage.hpp"

namespace qwen::pipeline {

/// Keeps the credential fresh; core/auth/credential_manager implements it for providers that can refresh.
class CredentialSource {
public:
    virtual ~CredentialSource() = default;
    [[nodiscard]] virtual auth::CredentialProvider& provider() = 0;
    /// Renews the credential if it is about to expire. Errors: not_authenticated, credential_expired, network classes.
    [[nodiscard]] virtual Result<void> ensure_fresh(const Context& context) = 0;
    /// The provider cannot authorize before it was refreshed. Errors: as ensure_fresh.
    [[nodiscard]] virtual Result<void> refresh_wanted(const Context& context) { return ensure_fresh(context); }
    /// The server refused what was sent: renews it once, whatever its expiry says. Errors: as ensure_fresh, credential_rejected when it cannot be renewed.
    [[nodiscard]] virtual Result<void> replace_rejected(const Context& context) = 0;
};

class AuthenticationStage final : public Stage {
public:
    /// `credentials` outlives the stage.
    AuthenticationStage(CredentialSource& credentials, CredentialLabel label) : credentials_(credentials), label_(std::move(label)) {}
    [[nodiscard]] Result<http::Response> send(Call& call, const Next& next, const Context& context) override;

private:
    /// The request as it came, so that no credential of one attempt is left in the next.
    struct Unauthorized {
        http::Request request;                     ///< without its body
        std::optional<std::string> unedited_body;  ///< set when the provider changed the body
        void restore(Call& call);
    };
    [[nodiscard]] Result<void> authorize(Call& call, Unauthorized& unauthorized, const Context& context);
    CredentialSource& credentials_;
    CredentialLabel label_;
};

/// Applies a provider's edits to a request whose URL is `base URL + path`. Errors: config_invalid (a header or URL that HTTP does not allow).
[[nodiscard]] Result<void> apply_edits(http::Request& request, const auth::RequestShape& shape, const auth::RequestEdits& edits);

}  // namespace qwen::pipeline
