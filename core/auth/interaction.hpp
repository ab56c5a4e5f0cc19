// The human, as the core sees them. The terminal implements it; in a script nobody does, and every question answers "not available".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/context.hpp"
#include "core/base/secret.hpp"

namespace qwen::auth {

/// RFC 8628 section 3.3. Text comes from a server: implementations sanitise before showing.
struct DeviceVerification {
    std::string verification_uri;
    std::string verification_uri_complete;  ///< may be empty
    std::string user_code;
    UtcTime expires_at;
};

enum class LoginEvent : std::uint8_t { polling, slowed_down, authorized, denied, expired, network_lost };

enum class Interactivity : std::uint8_t { never, if_available, always };

class Interaction {
public:
    virtual ~Interaction() = default;
    [[nodiscard]] virtual Interactivity interactivity() const = 0;
    /// Shows link and code; returns at once. Errors: cancelled.
    [[nodiscard]] virtual Result<void> present_verification(const DeviceVerification& verification, const Context& context) = 0;
    virtual void report(LoginEvent event, std::string_view detail) = 0;
    /// A question whose answer is hidden. nullopt: nobody can be asked. Errors: cancelled.
    [[nodiscard]] virtual Result<std::optional<Secret>> ask_secret(std::string_view question, const Context& context) = 0;
    [[nodiscard]] virtual Result<std::optional<std::string>> ask_text(std::string_view question, std::string_view suggestion, const Context& context) = 0;
    /// Index of the choice. `safe_choice` is taken on Enter.
    [[nodiscard]] virtual Result<std::optional<std::size_t>> choose(std::string_view question, const std::vector<std::string>& choices,
                                                                    std::size_t safe_choice, const Context& context) = 0;
    virtual void notice(std::string_view text) = 0;
};

}  // namespace qwen::auth
