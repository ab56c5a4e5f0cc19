// A plugin's provider as the core sees it. The same adapter whether the plugin runs in this process or in its own.
#pragma once

#include <memory>

#include "core/auth/credential_provider.hpp"
#include "host/plugin/entry_call.hpp"

namespace qwen::host::plugin {

class PluginProvider final : public auth::CredentialProvider {
public:
    /// The plugin's `create` is called at the first call.
    PluginProvider(Manifest manifest, std::unique_ptr<PluginInstance> instance, ServiceDependencies dependencies);

    const std::string& id() const override { return manifest_.id; }
    bool can_refresh() const override { return instance_->capabilities().refresh; }
    bool can_login() const override { return instance_->capabilities().login; }
    const std::vector<std::string>& origins() const override { return manifest_.origins; }
    std::vector<auth::RateLimit> limits() const override { return manifest_.limits; }

    Result<auth::ProviderState> state(const Context& context) override;
    Result<auth::AuthorizeOutcome> authorize(const auth::RequestShape& request, const Context& context) override;
    bool can_list_models() const { return instance_->capabilities().models; }
    bool can_sign() const override { return instance_->capabilities().sign; }
    Result<std::vector<auth::Parameter>> sign(const auth::FinalRequest& request, const Context& context) override;
    Result<auth::Verdict> on_response(const auth::ResponseHead& response, const Context& context) override;
    Result<void> login(const std::string& method, const Context& context) override;
    Result<void> logout(const Context& context) override;
    Result<void> refresh(const Context& context) override;

    [[nodiscard]] const Manifest& manifest() const { return manifest_; }
    /// The account's models; nullopt: the plugin leaves it to GET <base URL>/models.
    [[nodiscard]] Result<std::optional<std::vector<ListedModel>>> list_models(const Context& context);
    /// ("plan", "free") and the like; nullopt: the plugin knows none. Goes online.
    [[nodiscard]] Result<std::optional<std::vector<std::pair<std::string, std::string>>>> account_facts(const Context& context);

private:
    [[nodiscard]] Result<EntryResult> call(const EntryCall& call, const Context& context);
    /// As call, and any status but QWEN_OK is an Error.
    [[nodiscard]] Result<EntryResult> call_or_fail(const EntryCall& call, const Context& context);
    [[nodiscard]] Result<EntryResult> perform(const EntryCall& call, const Context& context, std::optional<Error>& cause);
    [[nodiscard]] Result<void> ensure_created(const Context& context);
    [[nodiscard]] std::string configured_base_url() const;

    Manifest manifest_;
    std::unique_ptr<PluginInstance> instance_;
    ServiceDependencies dependencies_;
    bool created_ = false;
};

}  // namespace qwen::host::plugin
