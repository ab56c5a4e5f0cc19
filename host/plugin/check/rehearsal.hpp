// A plugin on the stage: loaded into the process of one check, and led through the life that the program would give it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/plugin/check/issuer.hpp"
#include "host/plugin/check/rehearsal_host.hpp"
#include "host/plugin/plugin_trust.hpp"

namespace qwen::host::plugin::check {

/// What one check is given. The process ends with it; nothing is cleaned up.
class Rehearsal {
public:
    Rehearsal(const VerifiedPlugin& plugin, Blackboard& board, std::uint64_t seed, std::size_t part);
    Rehearsal(const Rehearsal&) = delete;
    Rehearsal& operator=(const Rehearsal&) = delete;

    const VerifiedPlugin& plugin;
    Blackboard& board;
    std::uint64_t seed;
    std::size_t part;  ///< which process of the check this is
    RehearsalHost host;
    Issuer issuer;

    /// Opens the file and calls nothing of it. Leaves the check undecided when that cannot be done.
    void map();
    /// map(), then the entry function. A null table is for the caller to judge.
    [[nodiscard]] const qwen_provider* shake_hands();
    /// shake_hands(), and what cannot be used leaves the check undecided.
    void load();
    [[nodiscard]] const qwen_provider& provider() const { return *provider_; }

    // One entry call each. Without the extension, or an instance, the answer is QWEN_ERR_UNSUPPORTED.
    qwen_status create();
    void destroy();
    qwen_status state();
    qwen_status authorize(std::string_view operation = "chat.completions");
    qwen_status sign();
    qwen_status on_response(std::uint32_t status, std::string_view body, std::string_view header = {}, std::string_view value = {});
    qwen_status login(std::string_view method);
    qwen_status logout();
    qwen_status refresh();
    qwen_status account();
    qwen_status models();

    [[nodiscard]] bool has_login() const { return login_ != nullptr; }
    [[nodiscard]] bool has_refresh() const { return refresh_ != nullptr; }
    /// The first method of this kind; empty: there is none.
    [[nodiscard]] std::string method_of_kind(std::string_view kind) const;
    /// Skips the check unless the plugin signs in with a device code; loads, creates, takes the secrets out of the settings.
    std::string begin_device_sign_in();

    /// Every setting has a plausible value; `secrets`: those of type secret too.
    enum class Secrets : std::uint8_t { set, not_set };
    void configure(Secrets secrets);
    /// Nobody is signed in; what `method` needs of the settings is set.
    void prepare(const LoginMethod& method);
    /// The life of an account whose key is configured: from create to destroy.
    void life_with_a_key();
    /// The life of an account that signs in, by every method.
    void life_with_a_sign_in();
    /// load() and both.
    void whole_life();

private:
    template <typename Body>
    qwen_status call(std::string_view entry, CallKind kind, Body body);
    void use_what_is_stored();

    qwen_provider_entry_fn entry_ = nullptr;
    const qwen_provider* provider_ = nullptr;
    qwen_instance* instance_ = nullptr;
    const qwen_provider_login_v1* login_ = nullptr;
    const qwen_provider_refresh_v1* refresh_ = nullptr;
    const qwen_provider_account_v1* account_ = nullptr;
    const qwen_provider_models_v1* models_ = nullptr;
    const qwen_provider_sign_v1* sign_ = nullptr;
};

/// "a 'b' of 3" names of statuses for findings: "QWEN_ERR_LOGIN_DENIED", or the number.
[[nodiscard]] std::string status_name(qwen_status status);

}  // namespace qwen::host::plugin::check
