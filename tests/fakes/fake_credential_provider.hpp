// A provider that does what a test says when it is asked to renew.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/auth/credential_provider.hpp"

namespace qwen::tests {

class FakeCredentialProvider final : public auth::CredentialProvider {
public:
    std::function<Result<void>(const Context&)> on_refresh;
    bool refreshable = true;
    int refreshes = 0;

    [[nodiscard]] const std::string& id() const override { return id_; }
    [[nodiscard]] bool can_refresh() const override { return refreshable; }
    [[nodiscard]] bool can_login() const override { return false; }
    [[nodiscard]] const std::vector<std::string>& origins() const override { return origins_; }
    [[nodiscard]] std::vector<auth::RateLimit> limits() const override { return {}; }
    [[nodiscard]] Result<auth::ProviderState> state(const Context&) override { return auth::ProviderState{}; }
    [[nodiscard]] Result<auth::AuthorizeOutcome> authorize(const auth::RequestShape&, const Context&) override {
        return auth::AuthorizeOutcome{};
    }
    [[nodiscard]] Result<auth::Verdict> on_response(const auth::ResponseHead&, const Context&) override { return auth::Verdict{}; }
    [[nodiscard]] Result<void> login(const std::string&, const Context&) override { return {}; }
    [[nodiscard]] Result<void> logout(const Context&) override { return {}; }
    [[nodiscard]] Result<void> refresh(const Context& context) override {
        ++refreshes;
        return on_refresh(context);
    }

private:
    std::string id_ = "fake";
    std::vector<std::string> origins_;
};

}  // namespace qwen::tests
