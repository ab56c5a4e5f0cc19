// The person at this terminal, for sign-ins and questions. Everything is shown on standard error; answers come from standard input.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/auth/interaction.hpp"
#include "core/system/clock.hpp"
#include "core/system/environment.hpp"
#include "host/terminal/browser.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

/// How a sign-in is to be shown.
struct LoginScreen {
    /// "Qwen": what is signed in to.
    std::string provider_name;
    /// Origins a link may be opened at.
    std::vector<std::string> provider_origins;
    std::string host_name;
    bool show_qr_code = false;
    bool no_browser = false;
    /// No line is drawn over.
    bool plain = false;
    auth::Interactivity interactivity = auth::Interactivity::if_available;
};

/// Not thread-safe. The references outlive it.
class ConsoleInteraction final : public auth::Interaction {
public:
    ConsoleInteraction(LoginScreen screen, const TerminalFacts& terminal, const system::Environment& environment, const system::Clock& clock);
    ~ConsoleInteraction() override;

    [[nodiscard]] auth::Interactivity interactivity() const override;
    [[nodiscard]] Result<void> present_verification(const auth::DeviceVerification& verification, const Context& context) override;
    void report(auth::LoginEvent event, std::string_view detail) override;
    [[nodiscard]] Result<std::optional<Secret>> ask_secret(std::string_view question, const Context& context) override;
    [[nodiscard]] Result<std::optional<std::string>> ask_text(std::string_view question, std::string_view suggestion, const Context& context) override;
    [[nodiscard]] Result<std::optional<std::size_t>> choose(std::string_view question, const std::vector<std::string>& choices,
                                                            std::size_t safe_choice, const Context& context) override;
    void notice(std::string_view text) override;

private:
    void show_waiting();
    void clear_waiting();

    LoginScreen screen_;
    const TerminalFacts& terminal_;
    const system::Environment& environment_;
    const system::Clock& clock_;
    std::optional<UtcTime> expires_at_;
    std::optional<long long> last_minutes_said_;
    bool waiting_shown_ = false;
};

/// "14:41", or "1:02:03"; "0:00" when nothing is left.
[[nodiscard]] std::string remaining_time(UtcTime now, UtcTime end);

/// The lines of RFC 8628 section 3.3 as the user sees them, without a trailing countdown; sanitised.
[[nodiscard]] std::string verification_text(const auth::DeviceVerification& verification, const Url& link, const LoginScreen& screen,
                                            std::string_view browser_line, UtcTime now);

}  // namespace qwen::host
